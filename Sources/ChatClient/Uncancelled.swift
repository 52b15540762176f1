// Runs what must happen even when the caller's task is cancelled: giving a lock back. The one place of this library
// where a task without a parent starts.

/// Runs `operation` to its end, whatever becomes of the calling task. It must have a time limit of its own.
func uncancelled<R: Sendable>(_ operation: @escaping @Sendable () async -> R) async -> R {
    // Cancellation is inherited by child tasks only, so this must not be one; it is awaited all the same.
    await Task { await operation() }.value
}
