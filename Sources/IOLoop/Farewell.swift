// The last bytes of a stream that failed, a TLS alert: a socket that is closed while bytes from the peer lie in it
// resets the connection, and the peer may never read why.

internal import CLinux
internal import Glibc
internal import Synchronization

/// A socket that has sent its last bytes and waits a moment for the peer's end. On its loop only; closes itself.
final class Farewell: LoopEventHandler {
    /// Sockets of the process that may wait like this; past it they are closed at once. A flood of broken handshakes
    /// must not take the descriptors, since no limit of connections counts these.
    private static let countMax = 64
    private static let count = Atomic<Int>(0)

    private let loop: IOLoop
    private var descriptor: Int32
    private var registration: LoopRegistration?
    private var timer: LoopTimer?

    /// Sends the bytes, as far as the socket takes them now, and says that no more come.
    static func say(_ bytes: [UInt8], on socket: consuming OwnedDescriptor, loop: IOLoop) {
        let number = socket.number
        let sent = bytes.withUnsafeBufferPointer { send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        // Relaxed: the number guards nothing but itself.
        guard sent == bytes.count, count.load(ordering: .relaxed) < countMax else { return }
        shutdown(number, Int32(SHUT_WR))
        Farewell(socket.release(), on: loop).start()
    }

    private init(_ descriptor: Int32, on loop: IOLoop) {
        (self.descriptor, self.loop) = (descriptor, loop)
        Self.count.wrappingAdd(1, ordering: .relaxed)
    }

    deinit { precondition(descriptor < 0, "a farewell was released with its socket open") }

    private func start() {
        do throws(SystemError) {
            // The loop holds it until it closes.
            registration = try loop.register(descriptor, for: [.readable, .peerClosed, .edgeTriggered], handler: self)
            nonisolated(unsafe) let farewell = self  // Timers of this loop run on this loop.
            timer = loop.schedule(at: loop.now + ByteStream.finishTimeout) { farewell.close() }
        } catch {
            close()
        }
    }

    func ready(_ events: LoopEvents) {
        var budget = LoopLimits.readBytesPerPass
        while descriptor >= 0 {
            guard budget > 0 else {
                if let registration { loop.markReady(registration, [.readable, .peerClosed]) }
                return
            }
            let (number, scratch) = (descriptor, loop.scratch)
            let result = try? SystemCalls.nonBlocking("recv", { recv(number, scratch.baseAddress, scratch.count, 0) })
            switch result {
            case .wouldBlock: return
            case .done(let count) where count > 0: budget -= count
            // The peer's end, or an error, whose words come too late for anybody.
            case .done, nil: close()
            }
        }
    }

    private func close() {
        guard descriptor >= 0 else { return }
        timer?.cancel()
        timer = nil
        if let registration { loop.deregister(registration) }
        registration = nil
        _ = Glibc.close(descriptor)
        descriptor = -1
        Self.count.wrappingSubtract(1, ordering: .relaxed)
    }
}
