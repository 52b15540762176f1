// One thing to do with the database, from the caller that asks to the answer that it gets.

internal import ChatEngine
internal import Synchronization

/// An operation as the queue sees it: begun, performed, and then answered by exactly one of the last two, on the
/// queue's thread.
protocol QueuedOperation: AnyObject, Sendable {
    /// True when it changes something, and is answered after a commit.
    var writes: Bool { get }
    /// Roughly what it adds to the log.
    var weight: Int { get }
    /// For people, when it is not known what became of it: "the turn".
    var name: String { get }
    /// False when its caller gave up before it began.
    func begin() -> Bool
    func perform(on connection: StoreConnection) throws
    func succeed()
    func fail(_ error: any Error)
}

/// An operation with its caller.
final class StoreOperation<Value: Sendable>: QueuedOperation {
    private enum Phase {
        case queued
        case running
        /// The caller has its answer, or gave up.
        case answered
    }

    private struct State {
        var phase = Phase.queued
        var answer: (@Sendable (Result<Value, any Error>) -> Void)?
        var timer: (any EngineTimer)?
        var value: Value?
    }

    let writes: Bool
    let weight: Int
    let name: String
    private let body: @Sendable (StoreConnection) throws -> Value
    private let state = Mutex(State())

    init(
        _ name: String, writes: Bool, weight: Int = 0, _ body: @escaping @Sendable (StoreConnection) throws -> Value
    ) {
        self.name = name
        self.writes = writes
        self.weight = weight
        self.body = body
    }

    // MARK: The caller's side

    /// Sets who gets the answer, before the operation is queued. False when it was cancelled before that; `answer` is
    /// not kept then.
    func setAnswer(_ answer: @escaping @Sendable (Result<Value, any Error>) -> Void) -> Bool {
        state.withLock { state in
            guard state.phase != .answered else { return false }
            state.answer = answer
            return true
        }
    }

    /// The timer that gives up; let go of with the answer.
    func setTimer(_ timer: any EngineTimer) {
        let isWanted = state.withLock { state in
            guard state.phase != .answered else { return false }
            state.timer = timer
            return true
        }
        if !isWanted { timer.cancel() }
    }

    /// The caller's task was cancelled. What writes goes on when it has begun, and its caller waits for it.
    func cancel() {
        finish(.failure(CancellationError())) { $0 == .queued || !self.writes && $0 == .running }
    }

    /// The caller's time is over.
    func giveUp() {
        finish(.failure(Self.tooSlow)) { $0 == .queued || !self.writes && $0 == .running }
        finish(.failure(EngineError.outcomeUnknown(name))) { $0 == .running }
    }

    private static var tooSlow: EngineError {
        EngineError(
            .unavailable, reason: "STORE_UNAVAILABLE",
            "the store's disk did not answer in time, and nothing was stored; try again later")
    }

    // MARK: The queue's side

    func begin() -> Bool {
        state.withLock { state in
            guard state.phase == .queued else { return false }
            state.phase = .running
            return true
        }
    }

    func perform(on connection: StoreConnection) throws {
        let value = try body(connection)
        state.withLock { $0.value = value }
    }

    func succeed() {
        let value = state.withLock { state -> Value? in
            // The caller may have given up between the performance and the commit.
            guard state.phase == .running else { return nil }
            guard let value = state.value else { preconditionFailure("an operation succeeds after it was performed") }
            return value
        }
        if let value { finish(.success(value)) { $0 == .running } }
    }

    func fail(_ error: any Error) { finish(.failure(error)) { $0 != .answered } }

    /// Answers once, outside the mutex, if the operation is in a phase that allows it.
    private func finish(_ result: Result<Value, any Error>, when allows: (Phase) -> Bool) {
        let (answer, timer) = state.withLock { state -> (((Result<Value, any Error>) -> Void)?, (any EngineTimer)?) in
            guard allows(state.phase) else { return (nil, nil) }
            state.phase = .answered
            defer {
                state.answer = nil
                state.timer = nil
                state.value = nil
            }
            return (state.answer, state.timer)
        }
        timer?.cancel()
        answer?(result)
    }
}
