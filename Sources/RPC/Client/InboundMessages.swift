// The messages of one stream between its connection, which adds them on the loop, and its reader, who takes them from
// any thread without a hop to the loop while some are there.

internal import DequeModule
internal import IOLoop
internal import Synchronization

/// A stream's buffer. From any thread, except where it says "loop only".
final class InboundMessages: Sendable {
    enum Taken: Sendable {
        /// - isRelief: the buffer was above its limit and is well below it now: the connection should hear of it.
        case message([UInt8], isRelief: Bool)
        case end
        case failed(FailedAttempt)
        /// Nothing yet.
        case nothing
    }

    private struct State {
        var messages = Deque<[UInt8]>()
        var bytes = 0
        var isAboveLimit = false
        var hasDelivered = false
        /// Set once; what is buffered is still handed out before it.
        var ending: Taken?
        var reader: Waiter<Void>?
    }
    private let state = Mutex(State())
    private let bytesMax: Int

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Adds a message and wakes the reader.
    func add(_ message: [UInt8]) -> ReadGate.Level {
        let (level, reader) = state.withLock { state -> (ReadGate.Level, Waiter<Void>?) in
            guard state.ending == nil else { return (.withinLimit, nil) }
            state.messages.append(message)
            state.bytes += Self.size(message)
            if state.bytes > bytesMax { state.isAboveLimit = true }
            let reader = state.reader
            state.reader = nil
            let isOverfull = state.bytes > bytesMax * RPCClientOptions.streamBufferHardFactor
            return (isOverfull ? .overfull : state.isAboveLimit ? .full : .withinLimit, reader)
        }
        reader?.resume(returning: ())
        return level
    }

    /// Ends the stream. The first end counts.
    ///
    /// - Parameter dropsBuffered: true when nobody will read what is buffered, or must not.
    func finish(_ failure: FailedAttempt? = nil, dropsBuffered: Bool = false) {
        let reader = state.withLock { state -> Waiter<Void>? in
            // What was dropped must not look like a regular end.
            if state.ending == nil || dropsBuffered && !state.messages.isEmpty {
                state.ending = failure.map { .failed($0) } ?? .end
            }
            if dropsBuffered {
                state.messages = []
                state.bytes = 0
            }
            let reader = state.reader
            state.reader = nil
            return reader
        }
        reader?.resume(returning: ())
    }

    /// True once a message was handed out: trying again would repeat it.
    var hasDelivered: Bool { state.withLock { $0.hasDelivered } }

    var isFinished: Bool { state.withLock { $0.ending != nil } }

    /// Takes the next message. The end is told again and again.
    func take() -> Taken {
        state.withLock { state in
            guard let message = state.messages.popFirst() else { return state.ending ?? .nothing }
            state.bytes -= Self.size(message)
            state.hasDelivered = true
            // Well below, so that a reader at the limit does not stop and start the socket with every message.
            let isRelief = state.isAboveLimit && state.bytes <= bytesMax / 2
            if isRelief { state.isAboveLimit = false }
            return .message(message, isRelief: isRelief)
        }
    }

    /// Resumes `waiter` once there is something to take. One reader at a time.
    func notify(_ waiter: Waiter<Void>) {
        let isReady = state.withLock { state in
            precondition(state.reader == nil, "a stream is read by one task at a time")
            if !state.messages.isEmpty || state.ending != nil { return true }
            state.reader = waiter
            return false
        }
        if isReady { waiter.resume(returning: ()) }
    }

    /// The reader gave up.
    func forgetReader() { state.withLock { $0.reader = nil } }

    private static func size(_ message: [UInt8]) -> Int { message.count + RPCClientOptions.messageOverheadBytes }
}
