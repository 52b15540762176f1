// The bounds of locks in Redis, each with its unit and its reason.

/// Limits of the lock manager.
package struct RedisLockLimits: Sendable, Equatable {
    /// Callers in all lines of this process together: each is a call in flight.
    package var waitersMax = 20_000
    /// Of `waitersMax`, those that only turns may use.
    package var waitersKeptForSessions = 10_000
    /// Callers in one line of this process: with the shortest useful work, 10 ms, the last of a thousand waits 10 s.
    package var waitersPerLockMax = 1_000
    /// No lease of the lock service is longer, which says how long a Redis that may have forgotten some must be waited
    /// for.
    package var serviceLeaseMax = Duration.seconds(600)

    /// The defaults.
    package init() {}

    /// How long a lock's fence is remembered beyond its lease: longer than any clock is set back.
    static let serviceFenceKept = Duration.seconds(30 * 86_400)
    /// Nobody outside sees the fence of a conversation's lock, so it matters for running turns alone.
    static let sessionFenceKept = Duration.seconds(3600)
    /// A waiter looks again that often at least, in case a message was lost.
    static let retryMax = Duration.seconds(1)
    /// Spread over the waiters of several replicas whose holder vanished.
    static let retryJitterMax = Duration.milliseconds(50)
    /// For a lease, by which clocks may differ in their speed: a hundredth of it.
    static func drift(of timeToLive: Duration) -> Duration { timeToLive / 100 }
}
