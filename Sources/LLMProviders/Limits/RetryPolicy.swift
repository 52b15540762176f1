// Whether and when a request that failed before its first content is sent again. Pure.

internal import ChatEngine

/// A failed attempt: what to tell the caller, and whether another attempt may help.
struct AttemptFailure: Error, Equatable {
    var error: ModelError
    /// True when the same request may succeed later and nothing of the answer has been seen.
    var isRetryable: Bool

    init(_ error: ModelError, isRetryable: Bool) {
        self.error = error
        self.isRetryable = isRetryable
    }
}

/// How often and how fast to retry. The numbers are those of the providers' own clients.
package struct RetryPolicy: Sendable, Hashable {
    /// Attempts in all, the first one included.
    package var attemptsMax: Int
    /// The wait before the second attempt; it doubles for each further one.
    package var firstDelay: Duration
    package var delayMax: Duration
    /// How much of a delay chance may take away, so that callers that failed together do not return together.
    package var jitterFraction: Double
    /// A provider that asks for a longer wait than this is not asked again: the caller is better told.
    package var retryAfterMax: Duration

    package init(
        attemptsMax: Int = 3, firstDelay: Duration = .milliseconds(500), delayMax: Duration = .seconds(8),
        jitterFraction: Double = 0.25, retryAfterMax: Duration = .seconds(120)
    ) {
        precondition(attemptsMax >= 1, "a request needs one attempt at least")
        precondition((0...1).contains(jitterFraction), "jitter is a fraction of the delay")
        self.attemptsMax = attemptsMax
        self.firstDelay = firstDelay
        self.delayMax = delayMax
        self.jitterFraction = jitterFraction
        self.retryAfterMax = retryAfterMax
    }

    package static let standard = RetryPolicy()
    /// One attempt.
    package static let never = RetryPolicy(attemptsMax: 1)

    /// When to try again; nil to give up.
    ///
    /// - Parameters:
    ///   - attempt: the one that failed, from 1.
    ///   - chance: from 0 to 1, for the jitter.
    ///   - deadline: an attempt that starts later would be of no use.
    func nextAttempt(
        after attempt: Int, failure: AttemptFailure, now: ContinuousClock.Instant, deadline: ContinuousClock.Instant,
        chance: Double
    ) -> ContinuousClock.Instant? {
        guard failure.isRetryable, attempt < attemptsMax else { return nil }
        let start: ContinuousClock.Instant
        if let retryAfter = failure.error.retryAfter {
            guard retryAfter <= retryAfterMax else { return nil }
            // What the provider asked for is a minimum: jitter only adds.
            start = now + retryAfter + firstDelay * (jitterFraction * chance)
        } else {
            var delay = firstDelay
            for _ in 1..<attempt where delay < delayMax { delay *= 2 }
            start = now + min(delay, delayMax) * (1 - jitterFraction * chance)
        }
        return start < deadline ? start : nil
    }
}
