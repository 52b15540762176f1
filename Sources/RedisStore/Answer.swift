// Where a task waits for one answer of Redis, on the caller's actor, from whichever loop it comes.

internal import ChatEngine
internal import Synchronization

/// One answer. Finished once; a second time, and after a cancellation, nothing happens.
final class Answer<Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, RedisFailure>

    private enum State {
        case idle
        case waiting(CheckedContinuation<Outcome, any Error>)
        case early(Result<Outcome, any Error>)
        case done
    }

    private let state = Mutex(State.idle)

    /// Starts the work and waits for its outcome.
    ///
    /// - Throws: `CancellationError`, when it may be cancelled.
    func wait(
        isCancellable: Bool, isolation: isolated (any Actor)? = #isolation, _ start: () -> Void
    ) async throws -> Outcome {
        if isCancellable {
            return try await withCancellableContinuation(isolation: isolation) { continuation in
                attach(continuation)
                start()
            } onCancel: {
                finish(.failure(CancellationError()))
            }
        }
        return try await withCheckedThrowingContinuation { continuation in
            attach(continuation)
            start()
        }
    }

    /// False when nobody waits for it any more.
    @discardableResult
    func finish(_ outcome: Outcome) -> Bool { finish(.success(outcome)) }

    @discardableResult
    private func finish(_ result: Result<Outcome, any Error>) -> Bool {
        let (continuation, isFirst) = state.withLock { state -> (CheckedContinuation<Outcome, any Error>?, Bool) in
            switch state {
            case .idle:
                state = .early(result)
                return (nil, true)
            case .waiting(let continuation):
                state = .done
                return (continuation, true)
            case .early, .done: return (nil, false)
            }
        }
        continuation?.resume(with: result)
        return isFirst
    }

    private func attach(_ continuation: CheckedContinuation<Outcome, any Error>) {
        let early = state.withLock { state -> Result<Outcome, any Error>? in
            guard case .early(let result) = state else {
                state = .waiting(continuation)
                return nil
            }
            state = .done
            return result
        }
        if let early { continuation.resume(with: early) }
    }
}
