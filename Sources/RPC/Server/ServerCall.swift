// One call on the server: its context, and how much of its stream waits for the reader.

internal import DequeModule
internal import IOLoop
internal import Wire

/// A call in flight. Isolated to its connection.
final class ServerCall {
    let id: StreamID
    let context: CallContext
    var task: Task<Void, Never>?
    var deadlineTimer: LoopTimer?
    /// A stream's method that waits for room.
    var roomWaiter: Waiter<Void>?

    /// The stream's messages that the socket has not taken: where each ends in the connection's output, and its size.
    private var queued = Deque<(end: Int, bytes: Int)>()
    private(set) var queuedBytes = 0

    init(id: StreamID, context: CallContext) {
        self.id = id
        self.context = context
    }

    func wrote(_ bytes: Int, endingAt end: Int) {
        queued.append((end, bytes))
        queuedBytes += bytes
    }

    /// Forgets what the socket has taken up to `position` of the connection's output.
    func socketTook(upTo position: Int) {
        while let first = queued.first, first.end <= position {
            queuedBytes -= first.bytes
            queued.removeFirst()
        }
    }

    /// Ends whatever the method waits for.
    func cancel() {
        deadlineTimer?.cancel()
        deadlineTimer = nil
        task?.cancel()
        roomWaiter?.resume(throwing: CancellationError())
        roomWaiter = nil
    }
}
