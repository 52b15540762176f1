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
    /// It has its answer, or nobody is left who waits for one.
    private(set) var isAnswered = false
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

    func noteAnswer() {
        isAnswered = true
        deadlineTimer?.cancel()
        deadlineTimer = nil
    }

    /// Queues one message of the call's stream if there is room now.
    func offer(_ message: [UInt8], to stream: ByteStream, _ limits: ServerLimits) -> Bool {
        stream.loop.preconditionOnLoop()
        guard !isAnswered, stream.isOpen, message.count <= limits.payloadBytesMax else { return false }
        socketTook(upTo: stream.takenBytes)
        guard queuedBytes < limits.streamQueueBytes, !stream.isFull else { return false }
        stream.writeFrame(.data, id, message.span)
        wrote(message.count + WireLimits.headerBytes, endingAt: stream.takenBytes + stream.queuedBytes)
        return true
    }

    private func wrote(_ bytes: Int, endingAt end: Int) {
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
        noteAnswer()
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

extension ByteStream {
    /// Queues a frame.
    func writeFrame(
        _ type: FrameType, _ id: StreamID, _ payload: Span<UInt8> = Span(), flags: FrameFlags = .none
    ) {
        write { out in
            FrameHeader(length: payload.count, streamID: id, type: type, flags: flags).append(to: &out)
            payload.withUnsafeBufferPointer { out.append(contentsOf: $0) }
        }
    }
}
