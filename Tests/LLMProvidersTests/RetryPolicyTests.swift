// When a failed attempt is followed by another one.

import ChatEngine
import Testing

@testable import LLMProviders

@Suite("Retry policy")
struct RetryPolicyTests {
    let now = ContinuousClock.now

    private func wait(
        _ policy: RetryPolicy, attempt: Int, retryAfter: Duration? = nil, isRetryable: Bool = true, chance: Double = 0,
        left: Duration = .seconds(1000)
    ) -> Duration? {
        let failure = AttemptFailure(ModelError(.unavailable, "", retryAfter: retryAfter), isRetryable: isRetryable)
        let next = policy.nextAttempt(
            after: attempt, failure: failure, now: now, deadline: now + left, chance: chance)
        return next.map { now.duration(to: $0) }
    }

    @Test("delays double up to their limit, and chance takes a quarter away")
    func delays() {
        let policy = RetryPolicy(attemptsMax: 10)
        #expect((1...6).map { wait(policy, attempt: $0) } == [0.5, 1, 2, 4, 8, 8].map { .milliseconds($0 * 1000) })
        #expect(wait(policy, attempt: 1, chance: 1) == .milliseconds(375))
        #expect(wait(policy, attempt: 10) == nil)
    }

    @Test("what cannot be helped is not repeated, nor what would be too late")
    func refusals() {
        #expect(wait(.standard, attempt: 1, isRetryable: false) == nil)
        #expect(wait(.never, attempt: 1) == nil)
        #expect(wait(.standard, attempt: 1, left: .milliseconds(500)) == nil)
        #expect(wait(.standard, attempt: 1, left: .milliseconds(501)) == .milliseconds(500))
    }

    @Test("a provider's wish is a minimum")
    func wishes() {
        #expect(wait(.standard, attempt: 1, retryAfter: .seconds(3)) == .seconds(3))
        #expect(wait(.standard, attempt: 1, retryAfter: .seconds(3), chance: 1) == .milliseconds(3125))
        #expect(wait(.standard, attempt: 1, retryAfter: .seconds(121)) == nil)
    }
}
