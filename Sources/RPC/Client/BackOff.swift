// How long to pause after failures: doubling, bounded, with jitter. Pure.

/// Pauses that grow with the number of failures in a row.
struct BackOff: Sendable {
    let minimum: Duration
    let maximum: Duration

    /// The pause after the given number of failures in a row, from 1. Half of it is fixed, so that it is never zero,
    /// half is drawn, so that clients that failed together do not come back together.
    func pause(afterFailures failures: Int, random: inout some RandomNumberGenerator) -> Duration {
        precondition(failures > 0, "a pause follows a failure")
        var full = minimum
        // Past the maximum there is nothing to double: the loop is bounded by the ratio of the two.
        for _ in 1..<failures where full < maximum { full = min(full * 2, maximum) }
        return full * Double.random(in: 0.5...1, using: &random)
    }

    /// A span that varies by `part` up and down.
    static func jittered(_ span: Duration, by part: Double, random: inout some RandomNumberGenerator) -> Duration {
        part > 0 ? span * Double.random(in: (1 - part)...(1 + part), using: &random) : span
    }
}
