// The wait of one unary call for its outcome. It does what IOLoop's `wait` does, for one type and without a lock: there
// is one for every call, and the general one took a quarter of the client's time per call.

internal import IOLoop

/// Where a call's outcome arrives, and the task that waits for it.
final class PendingReply: @unchecked Sendable {
    // Sendable unchecked because every member is touched on the client's loop only; cancellation comes by way of
    // `execute`.
    private(set) var outcome: Result<[UInt8], any Error>?
    private var continuation: UnsafeContinuation<Void, Never>?

    /// The first outcome counts.
    func finish(_ outcome: Result<[UInt8], any Error>) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        continuation?.resume()
        continuation = nil
    }

    /// Resumes once there is an outcome.
    func attach(_ continuation: UnsafeContinuation<Void, Never>) {
        precondition(self.continuation == nil, "a call is waited for once")
        if outcome != nil { return continuation.resume() }
        self.continuation = continuation
    }
}
