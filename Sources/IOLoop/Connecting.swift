// Outgoing connections.

internal import CLinux
internal import Glibc

extension ByteStream {
    /// Connects to one address. Call it on the loop.
    ///
    /// - Throws: `SystemError`, `DeadlineExceeded`, `CancellationError`.
    package static func connect(
        to address: SocketAddress, on loop: IOLoop, until deadline: ContinuousClock.Instant?,
        options: ByteStreamOptions = ByteStreamOptions(), filter: (any ByteStreamFilter)? = nil
    ) async throws -> ByteStream {
        loop.preconditionOnLoop()
        let socket = OwnedDescriptor(try SystemCalls.checked("socket") { clinux_stream_socket(address.family) })
        let number = socket.number
        let result = address.withPointer { Glibc.connect(number, $0, $1) }
        if result < 0 {
            // A Unix socket whose backlog is full says EAGAIN and would never become writable.
            guard errno == EINPROGRESS else { throw SystemError(number: errno, operation: "connect") }
            try await waitUntilConnected(number, on: loop, until: deadline)
        }
        return ByteStream(socket, peer: address, on: loop, options: options, filter: filter)
    }

    private static func waitUntilConnected(
        _ descriptor: Int32, on loop: IOLoop, until deadline: ContinuousClock.Instant?
    ) async throws {
        let watcher = ConnectionWatcher()
        let registration = try loop.register(descriptor, for: .writable, handler: watcher)
        defer { loop.deregister(registration) }
        try await wait(on: loop, until: deadline) { watcher.waiter = $0 }
        var number: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size)
        guard number == 0 else { throw SystemError(number: number, operation: "connect") }
    }
}

/// Resumes a connecting task when its socket is writable or failed.
private final class ConnectionWatcher: LoopEventHandler {
    var waiter: Waiter<Void>?

    func ready(_ events: LoopEvents) { waiter?.resume(returning: ()) }
}
