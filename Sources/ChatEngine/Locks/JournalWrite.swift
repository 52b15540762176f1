// One write of the lease journal, and everybody who must not be told before it is durable.

internal import Synchronization

/// A write under way or done. Used from every thread.
final class JournalWrite: Sendable {
    private enum State {
        case underWay([@Sendable (EngineError?) -> Void])
        case done(EngineError?)
    }

    private let state = Mutex(State.underWay([]))

    init() {}

    /// The journal's answer; called once.
    func finish(_ error: EngineError?) {
        let actions = state.withLock { state -> [@Sendable (EngineError?) -> Void] in
            guard case .underWay(let actions) = state else {
                preconditionFailure("a journal answers each write once")
            }
            state = .done(error)
            return actions
        }
        for action in actions { action(error) }
    }

    /// Runs `action` with the outcome: on the journal's thread, or here when it is known.
    func whenDone(_ action: @escaping @Sendable (EngineError?) -> Void) {
        let outcome = state.withLock { state -> EngineError?? in
            switch state {
            case .underWay(let actions):
                state = .underWay(actions + [action])
                return nil
            case .done(let error): return .some(error)
            }
        }
        if let outcome { action(outcome) }
    }

    /// Returns when it is durable. Not ended by cancellation: the journal has a time limit of its own.
    ///
    /// - Throws: why it was not written, or may not have been.
    func wait() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            whenDone { error in
                if let error { continuation.resume(throwing: error) } else { continuation.resume() }
            }
        }
    }
}
