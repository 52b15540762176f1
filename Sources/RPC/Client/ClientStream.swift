// A server stream as its reader has it. Releasing it cancels the call.

internal import IOLoop
internal import Synchronization
internal import Wire

/// One attempt at a stream: its place on a connection.
final class StreamAttempt: Sendable {
    let id: StreamID
    let messages: InboundMessages
    // Used on the client's loop only.
    nonisolated(unsafe) let connection: ClientConnection
    private let deadlineTimer: LoopTimer?

    init(id: StreamID, messages: InboundMessages, connection: ClientConnection, deadlineTimer: LoopTimer?) {
        self.id = id
        self.messages = messages
        self.connection = connection
        self.deadlineTimer = deadlineTimer
    }

    deinit { deadlineTimer?.cancel() }
}

/// A stream of packed messages. `next()` is called by one task at a time, `cancel()` from anywhere.
final class ClientStream: InboundStream {
    private struct State {
        var attempt: StreamAttempt?
        var attempts = 0
        var isCancelled = false
    }

    let client: RPCClient
    let call: OutgoingCall
    private let state = Mutex(State())

    init(client: RPCClient, call: OutgoingCall) {
        self.client = client
        self.call = call
    }

    deinit {
        if let attempt, !attempt.messages.isFinished { cancel() }
    }

    var attempt: StreamAttempt? { state.withLock { $0.attempt } }

    /// How many attempts failed.
    var attempts: Int {
        get { state.withLock { $0.attempts } }
        set { state.withLock { $0.attempts = newValue } }
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func begun(_ attempt: StreamAttempt) {
        let isCancelled = state.withLock { state in
            state.attempt = attempt
            return state.isCancelled
        }
        // Cancelled while it was being tried again.
        if isCancelled { end(attempt) }
    }

    func next() async throws(RPCError) -> [UInt8]? {
        if Task.isCancelled { cancel() }
        if let attempt, case .message(let message, let isRelief) = attempt.messages.take() {
            if isRelief {
                client.loop.execute { attempt.connection.relieved(attempt.id) }
            }
            return message
        }
        return try await client.nextMessage(of: self)
    }

    func cancel() {
        let attempt = state.withLock { state in
            state.isCancelled = true
            return state.attempt
        }
        if let attempt { end(attempt) }
    }

    private func end(_ attempt: StreamAttempt) {
        let error = CallStage.queue.error(CancellationError(), timeout: nil)
        attempt.messages.finish(FailedAttempt(error: error, progress: .written), dropsBuffered: true)
        client.loop.execute { attempt.connection.abandon(attempt.id) }
    }
}
