// A listening socket on a loop. Accepts in bounded bursts and backs off while the process has no descriptor left.

internal import CLinux
internal import Glibc

/// Listens on one address. On its loop only; closes with `close()`.
package final class Listener: LoopEventHandler {
    /// Connections that the kernel completes before we accept them.
    private static let backlog: Int32 = 1024
    /// Waits between tries while descriptors are short: soon at first, then once a second.
    private static let backOffMinimum = Duration.milliseconds(10)
    private static let backOffMaximum = Duration.seconds(1)

    package let address: SocketAddress
    private let loop: IOLoop
    private var descriptor: Int32?
    private var registration: LoopRegistration?
    private var backOff = Listener.backOffMinimum
    private var retry: LoopTimer?
    private let unixPath: String?
    private let accepted: (consuming OwnedDescriptor, SocketAddress) -> Void
    private let troubled: (SystemError) -> Void

    /// Starts to listen. Port 0 picks a free one; `address` tells which.
    ///
    /// - Parameters:
    ///   - accepted: gets each new connection and owns its descriptor.
    ///   - troubled: told once per back-off, for the log.
    /// - Throws: `SystemError`.
    package init(
        _ requested: SocketAddress, on loop: IOLoop,
        accepted: @escaping (consuming OwnedDescriptor, SocketAddress) -> Void,
        troubled: @escaping (SystemError) -> Void
    ) throws(SystemError) {
        loop.preconditionOnLoop()
        self.loop = loop
        self.accepted = accepted
        self.troubled = troubled
        let isUnix = requested.family == AF_UNIX
        unixPath = isUnix ? String(requested.description.dropFirst(5)) : nil
        let socket = OwnedDescriptor(try SystemCalls.checked("socket") { clinux_stream_socket(requested.family) })
        let number = socket.number
        if isUnix {
            try Self.removeStaleSocket(requested)
        } else {
            var one: Int32 = 1
            try SystemCalls.checked("setsockopt") {
                setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
            }
        }
        try SystemCalls.checked("bind") { requested.withPointer { bind(number, $0, $1) } }
        try SystemCalls.checked("listen") { listen(number, Self.backlog) }
        address = SocketAddress.reading { getsockname(number, $0, $1) } ?? requested
        descriptor = nil
        registration = try loop.register(number, for: .readable, handler: self)
        descriptor = socket.release()
    }

    /// Removes a socket file that nobody listens on, so that a killed server can start again. A live one stays and
    /// `bind` refuses.
    private static func removeStaleSocket(_ address: SocketAddress) throws(SystemError) {
        let path = String(address.description.dropFirst(5))
        var info = stat()
        // Only a socket: connect says "refused" for plain files too. Anything else stays, and bind refuses.
        guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFSOCK else { return }
        let probe = OwnedDescriptor(try SystemCalls.checked("socket") { clinux_stream_socket(AF_UNIX) })
        let result = address.withPointer { connect(probe.number, $0, $1) }
        if result < 0, errno == ECONNREFUSED { unlink(path) }
    }

    /// Stops listening. Idempotent.
    package func close() {
        loop.preconditionOnLoop()
        retry?.cancel()
        retry = nil
        if let registration { loop.deregister(registration) }
        registration = nil
        if let descriptor {
            // Before the close: after it a successor may have bound the path.
            if let unixPath { unlink(unixPath) }
            _ = Glibc.close(descriptor)
        }
        descriptor = nil
    }

    deinit { precondition(descriptor == nil, "a listener was released without close()") }

    package func ready(_ events: LoopEvents) {
        for _ in 0..<LoopLimits.acceptsPerPass {
            guard let descriptor else { return }
            do {
                guard let (connection, peer) = try accept(descriptor) else {
                    // Only when the backlog is empty: one freed descriptor at a time is no recovery.
                    backOff = Self.backOffMinimum
                    return
                }
                accepted(OwnedDescriptor(connection), peer)
            } catch {
                pause(after: error)
                return
            }
        }
    }

    private func accept(_ listener: Int32) throws(SystemError) -> (Int32, SocketAddress)? {
        var connection: Int32 = -1
        while true {
            let peer = SocketAddress.reading { pointer, length in
                connection = clinux_accept(listener, pointer, length)
                return connection
            }
            if let peer { return (connection, peer) }
            let number = errno
            switch number {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EAGAIN: return nil
            default: throw SystemError(number: number, operation: "accept")
            }
        }
    }

    /// The listener is level-triggered: left in the set, a full descriptor table would spin the loop.
    private func pause(after error: SystemError) {
        troubled(error)
        if let registration { loop.deregister(registration) }
        registration = nil
        let wait = backOff
        backOff = min(backOff * 2, Self.backOffMaximum)
        nonisolated(unsafe) let listener = self  // Timers of this loop run on this loop.
        retry = loop.schedule(at: loop.now + wait) { listener.resume() }
    }

    private func resume() {
        retry = nil
        guard let descriptor else { return }
        do {
            registration = try loop.register(descriptor, for: .readable, handler: self)
        } catch {
            pause(after: error)
        }
    }
}
