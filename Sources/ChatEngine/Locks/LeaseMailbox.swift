// What becomes of a kept lease, from the keeper's thread to the one task that holds the lock.

internal import Synchronization

/// Holds the newest renewal that was not taken yet, and the loss. Bounded: a slow task misses renewals, never the loss.
final class LeaseMailbox: Sendable {
    private struct State {
        var renewal: LockLease?
        var loss: LockLoss?
        var cancelled = false
        var waiter: CheckedContinuation<LeaseEvent, any Error>?

        /// What a waiter gets now, if anything. A loss is told before older renewals.
        mutating func take() -> Result<LeaseEvent, any Error>? {
            if cancelled { return .failure(CancellationError()) }
            if let loss { return .success(.lost(loss)) }
            defer { renewal = nil }
            return renewal.map { .success(.renewed($0)) }
        }

        /// The waiter and what it gets, if there are both.
        mutating func delivery() -> (CheckedContinuation<LeaseEvent, any Error>, Result<LeaseEvent, any Error>)? {
            guard let waiter, let result = take() else { return nil }
            self.waiter = nil
            return (waiter, result)
        }
    }

    private let state = Mutex(State())

    init() {}

    /// From any thread.
    func put(_ event: LeaseEvent) {
        deliver { state in
            switch event {
            case .renewed(let lease): state.renewal = lease
            case .lost(let loss): state.loss = loss
            }
        }
    }

    /// The next event. One task waits at a time; after a loss there is nothing to wait for.
    ///
    /// - Throws: `CancellationError`.
    func next() async throws -> LeaseEvent {
        try await withCancellableContinuation { continuation in
            deliver { state in
                precondition(state.waiter == nil, "one task waits for a lease's events")
                state.waiter = continuation
            }
        } onCancel: {
            deliver { $0.cancelled = true }
        }
    }

    /// Changes the state and wakes the waiter outside the mutex.
    private func deliver(_ change: (inout State) -> Void) {
        let delivery = state.withLock { state -> Delivery? in
            change(&state)
            guard let (waiter, result) = state.delivery() else { return nil }
            return Delivery(waiter: waiter, result: result)
        }
        if let delivery { delivery.waiter.resume(with: delivery.result) }
    }

    private struct Delivery {
        var waiter: CheckedContinuation<LeaseEvent, any Error>
        var result: Result<LeaseEvent, any Error>
    }
}
