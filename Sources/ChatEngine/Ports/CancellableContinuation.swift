// The one way in which the engine and its adapters suspend a task: on the caller's actor, and ended by cancellation.

/// Suspends until the continuation that `start` gets is resumed. `onCancel` runs on the cancelling thread, possibly
/// before `start`, and sees to it that the continuation is resumed.
///
/// The actor is a parameter, and named within, because the closure that `withTaskCancellationHandler` takes runs on the
/// global executor otherwise, also in a function that is nonisolated(nonsending): two hops between threads per wait,
/// and code that runs off its loop meanwhile.
package func withCancellableContinuation<Value: Sendable>(
    isolation: isolated (any Actor)? = #isolation,
    _ start: (CheckedContinuation<Value, any Error>) -> Void, onCancel: @Sendable () -> Void
) async throws -> Value {
    try await withTaskCancellationHandler {
        _ = isolation
        return try await withCheckedThrowingContinuation { start($0) }
    } onCancel: {
        onCancel()
    }
}
