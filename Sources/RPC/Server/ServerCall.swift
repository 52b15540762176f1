// One call on the server: its context, and how much of its stream waits for the reader.

internal import DequeModule
internal import IOLoop
internal import Wire

/// A call in flight. Isolated to its connection.
final class ServerCall {
    let id: StreamID
    let context: CallContext
    /// The size of the request's message.
    let requestBytes: Int
    private var task: Task<Void, Never>?
    private var isTaskCancelled = false
    var deadlineTimer: LoopTimer?
    /// A stream's method that waits for room.
    var roomWaiter: Waiter<Void>?

    /// The stream's messages that the socket has not taken: where each ends in the connection's output, and its size.
    private var queued = Deque<(end: Int, bytes: Int)>()
    private(set) var queuedBytes = 0

    init(id: StreamID, context: CallContext, requestBytes: Int) {
        self.id = id
        self.context = context
        self.requestBytes = requestBytes
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
        cancelTask()
        roomWaiter?.resume(throwing: CancellationError())
        roomWaiter = nil
    }

    /// Notes the call's task, which may have run a while, and been cancelled, before its creator could tell it.
    func began(_ task: Task<Void, Never>) {
        self.task = task
        if isTaskCancelled { task.cancel() }
    }

    func cancelTask() {
        isTaskCancelled = true
        task?.cancel()
    }
}
