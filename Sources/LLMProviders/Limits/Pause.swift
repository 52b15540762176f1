// Waiting for the clock: between attempts, and between the tokens of a script. Stays on the caller's actor.

package import ChatEngine
internal import Synchronization

extension EngineClock {
    /// Suspends until `instant`.
    ///
    /// - Throws: `CancellationError`, at once, when the task is cancelled meanwhile.
    package func pause(until instant: ContinuousClock.Instant) async throws {
        try Task.checkCancellation()
        guard instant > now else { return }
        let pause = Pause()
        let timer = schedule(at: instant) { pause.finish(.success(())) }
        defer { timer.cancel() }
        try await withCancellableContinuation { continuation in
            pause.start(continuation)
        } onCancel: {
            pause.finish(.failure(CancellationError()))
        }
    }
}

/// One suspension, which ends by the timer or by cancellation, whichever comes first. From any thread.
private final class Pause: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<Void, any Error>)
        case finished(Result<Void, any Error>)
    }
    private let state = Mutex(State.new)

    func start(_ continuation: CheckedContinuation<Void, any Error>) {
        let early: Result<Void, any Error>? = state.withLock { state in
            if case .finished(let result) = state { return result }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    func finish(_ result: Result<Void, any Error>) {
        let waiting: CheckedContinuation<Void, any Error>? = state.withLock { state in
            switch state {
            case .new:
                state = .finished(result)
                return nil
            case .waiting(let continuation):
                state = .finished(result)
                return continuation
            case .finished: return nil
            }
        }
        waiting?.resume(with: result)
    }
}
