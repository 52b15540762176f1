// Whether a failed call is tried again, and after which pause. Pure.

internal import Wire

/// What is known of a failed attempt.
struct FailedAttempt: Sendable, Equatable {
    enum Progress: Sendable, Equatable {
        /// The request never left, because no connection could be had. The next attempt waits for one anyway.
        case notConnected
        /// The request never left.
        case notWritten
        /// The server may have acted on it.
        case written
    }

    var error: RPCError
    var progress: Progress
}

/// Retries only what is safe, a bounded number of times, within the deadline.
struct RetryPolicy: Sendable {
    let attemptsMax: Int
    let retryAfterMax: Duration
    let backOff: BackOff

    /// The pause before the next attempt; nil when the error goes to the caller.
    ///
    /// - Parameter attempts: how many were made, this one included.
    func pause(
        after failure: FailedAttempt, attempts: Int, isSafeToRetry: Bool, remaining: Duration?,
        random: inout some RandomNumberGenerator
    ) -> Duration? {
        guard attempts < attemptsMax, isRetryable(failure, isSafeToRetry) else { return nil }
        var pause = Duration.zero
        if failure.progress != .notConnected { pause = backOff.pause(afterFailures: attempts, random: &random) }
        if let wanted = failure.error.retryAfter {
            guard wanted <= retryAfterMax else { return nil }
            pause = max(pause, wanted)
        }
        if let remaining, pause >= remaining { return nil }
        return pause
    }

    private func isRetryable(_ failure: FailedAttempt, _ isSafeToRetry: Bool) -> Bool {
        let error = failure.error
        switch error.code {
        case .unavailable:
            return isSafeToRetry || failure.progress != .written || error.reason == ErrorReason.notProcessed
        case .resourceExhausted:
            // Only where the server says when: it may also mean that the request can never fit.
            return isSafeToRetry && failure.progress == .written && error.retryAfter != nil
        default:
            return false
        }
    }
}
