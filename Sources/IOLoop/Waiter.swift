// The one place where a task waits for something outside it: once resumed, cancelled or past its deadline, whichever
// comes first. Everything above is written with `await`; no other file touches a continuation.

internal import Synchronization

/// Thrown by a wait whose deadline passed.
package struct DeadlineExceeded: Error, Sendable, Equatable {
    package init() {}
}

/// The resuming end of one wait. The first resume counts, later ones are ignored. From any thread.
package final class Waiter<Value: Sendable>: Sendable {
    private enum State {
        case idle
        case waiting(UnsafeContinuation<Value, any Error>)
        case finished(Result<Value, any Error>)
        case delivered
    }
    private let state = Mutex(State.idle)

    fileprivate init() {}

    package func resume(returning value: Value) { resume(with: .success(value)) }

    package func resume(throwing error: any Error) { resume(with: .failure(error)) }

    package func resume(with result: Result<Value, any Error>) {
        let continuation: UnsafeContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .idle:
                state = .finished(result)
                return nil
            case .waiting(let continuation):
                state = .delivered
                return continuation
            case .finished, .delivered:
                return nil
            }
        }
        continuation?.resume(with: result)
    }

    fileprivate func attach(_ continuation: UnsafeContinuation<Value, any Error>) {
        let early: Result<Value, any Error>? = state.withLock { state in
            switch state {
            case .idle:
                state = .waiting(continuation)
                return nil
            case .finished(let result):
                state = .delivered
                return result
            case .waiting, .delivered:
                preconditionFailure("a waiter is waited for once")
            }
        }
        if let early { continuation.resume(with: early) }
    }
}

// Nearly all waits have no value. These two are not generic, so that a wait in another module looks no types up at run
// time: it took a third of all that a streamed token costs between curl and the caller's socket.

extension Waiter where Value == Void {
    package func resume(returning value: Void) { resume(with: .success(())) }
}

/// Waits for an event without a value. See the other `wait`.
package func wait(
    on loop: IOLoop, until deadline: ContinuousClock.Instant? = nil,
    isolation: isolated (any Actor)? = #isolation, _ start: (Waiter<Void>) -> Void
) async throws {
    try await waitForValue(on: loop, until: deadline, isolation: isolation, start)
}

/// Waits until `start`'s waiter is resumed. Call it on the loop; it stays on the caller's actor.
///
/// The actor is a parameter, and named within, because the closure that `withTaskCancellationHandler` takes runs on the
/// global executor otherwise, also in a function that is nonisolated(nonsending): two hops between threads per wait.
///
/// - Parameter start: runs at once; it stores the waiter where the event will find it. A waiter that was resumed by
///   cancellation or deadline may be resumed again without harm, but should be forgotten by whoever holds it.
/// - Throws: what the waiter was resumed with; `CancellationError`; `DeadlineExceeded`.
package func wait<Value: Sendable>(
    on loop: IOLoop, until deadline: ContinuousClock.Instant? = nil,
    isolation: isolated (any Actor)? = #isolation, _ start: (Waiter<Value>) -> Void
) async throws -> Value {
    try await waitForValue(on: loop, until: deadline, isolation: isolation, start)
}

@inline(__always)
private func waitForValue<Value: Sendable>(
    on loop: IOLoop, until deadline: ContinuousClock.Instant?, isolation: isolated (any Actor)?,
    _ start: (Waiter<Value>) -> Void
) async throws -> Value {
    let waiter = Waiter<Value>()
    let timer = deadline.map { loop.schedule(at: $0) { waiter.resume(throwing: DeadlineExceeded()) } }
    defer { timer?.cancel() }
    loop.preconditionOnLoop()
    start(waiter)
    return try await withTaskCancellationHandler {
        _ = isolation
        loop.preconditionOnLoop()
        return try await withUnsafeThrowingContinuation { waiter.attach($0) }
    } onCancel: {
        waiter.resume(throwing: CancellationError())
    }
}

extension IOLoop {
    /// Suspends the task until `deadline`. Call it on the loop.
    ///
    /// - Throws: `CancellationError`.
    package func sleep(until deadline: ContinuousClock.Instant) async throws {
        do {
            let _: Void = try await wait(on: self, until: deadline) { _ in }
        } catch is DeadlineExceeded {
            return
        }
    }
}
