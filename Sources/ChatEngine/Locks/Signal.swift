// One value, sent once from any thread to one waiting task.

internal import Synchronization

/// A one-shot signal. Later values are dropped.
final class Signal<Value: Sendable>: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Value, any Error>)
        case sent(Value)
        case cancelled
    }

    private let state = Mutex(State.idle)

    init() {}

    /// Wakes the waiter, or lets a later one return at once.
    func send(_ value: Value) {
        let waiter: CheckedContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .idle:
                state = .sent(value)
                return nil
            case .waiting(let continuation):
                state = .sent(value)
                return continuation
            case .sent, .cancelled: return nil
            }
        }
        waiter?.resume(returning: value)
    }

    /// The value, as soon as it is there. One task waits, once.
    ///
    /// - Throws: `CancellationError`.
    func wait() async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in start(continuation) }
        } onCancel: {
            let waiter: CheckedContinuation<Value, any Error>? = state.withLock { state in
                switch state {
                case .idle:
                    state = .cancelled
                    return nil
                case .waiting(let continuation):
                    state = .cancelled
                    return continuation
                case .sent, .cancelled: return nil
                }
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    private func start(_ continuation: CheckedContinuation<Value, any Error>) {
        let result: Result<Value, any Error>? = state.withLock { state in
            switch state {
            case .idle:
                state = .waiting(continuation)
                return nil
            case .waiting: preconditionFailure("one task waits for a signal")
            case .sent(let value): return .success(value)
            case .cancelled: return .failure(CancellationError())
            }
        }
        if let result { continuation.resume(with: result) }
    }
}
