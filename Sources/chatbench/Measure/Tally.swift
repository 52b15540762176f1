// What a loop's callers counted. Added up over the loops at the end.

struct Tally: Sendable {
    /// Kinds of failure that are told in words.
    static let failuresToldMax = 3

    /// Of calls that succeeded. At a fixed rate from when a call was due, else from when it began.
    var latencies = LatencyHistogram()
    /// From the model's sending of a token to its arrival, where the model stamps its tokens.
    var tokenLatencies = LatencyHistogram()
    var tokens = 0
    /// Calls that failed while it was measured.
    var errors = 0
    /// Calls at a fixed rate that found no caller free when they were due.
    var lateCalls = 0
    /// Calls at a fixed rate that were due and still waited for a caller at the end.
    var unbegunCalls = 0
    /// The first kinds of failure, at any time, and how often each came.
    private(set) var failures: [(words: String, count: Int)] = []

    var calls: Int { Int(latencies.count) }

    /// A call failed that was not of the measured time, or `errors` counts it.
    mutating func note(_ words: String, count: Int = 1) {
        if let index = failures.firstIndex(where: { $0.words == words }) {
            failures[index].count += count
        } else if failures.count < Self.failuresToldMax {
            failures.append((words, count))
        }
    }

    mutating func add(_ other: Tally) {
        latencies.add(other.latencies)
        tokenLatencies.add(other.tokenLatencies)
        tokens += other.tokens
        errors += other.errors
        lateCalls += other.lateCalls
        unbegunCalls += other.unbegunCalls
        for failure in other.failures { note(failure.words, count: failure.count) }
    }
}
