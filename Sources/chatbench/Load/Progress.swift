// The line on standard error that tells how a run goes, once a second.

internal import Glibc

/// What is told of the last second.
struct ProgressLine: Sendable {
    let secondsLeft: Double
    let isWarmUp: Bool
    /// Of the last interval.
    let latencies: LatencyHistogram
    /// How long that interval was.
    let seconds: Double
    /// Since the load began to be measured.
    let errors: Int

    /// Under 80 columns.
    var text: String {
        let left = "\(Decimal.text(secondsLeft, digits: 0)) s left"
        guard !isWarmUp else { return "\(left)  warming up" }
        let rate = Decimal.short(Double(latencies.count) / seconds)
        func milliseconds(_ part: Double) -> String {
            Decimal.text(Double(latencies.nanoseconds(atPart: part)) / 1e6, digits: 3)
        }
        return "\(left)  \(rate) calls/s  p50 \(milliseconds(0.5)) ms  p99 \(milliseconds(0.99)) ms  \(errors) failed"
    }
}

/// Rewrites the line in place on a terminal; elsewhere, where it was asked for, writes one after the other.
struct Progress: Sendable {
    /// Between two lines.
    static let interval = Duration.seconds(1)

    private let isTerminal: Bool
    private var earlier = Tally()
    private var earlierAt = ContinuousClock.now

    /// Nil where nobody looks: standard error is no terminal, and it was not asked for.
    init?(wanted: Bool) {
        isTerminal = isatty(STDERR_FILENO) == 1
        guard isTerminal || wanted else { return nil }
    }

    /// - Parameter tally: all that was counted so far.
    mutating func show(_ tally: Tally, secondsLeft: Double, isWarmUp: Bool) {
        let now = ContinuousClock.now
        let line = ProgressLine(
            secondsLeft: secondsLeft, isWarmUp: isWarmUp, latencies: tally.latencies.since(earlier.latencies),
            seconds: (now - earlierAt) / .seconds(1), errors: tally.errors)
        (earlier, earlierAt) = (tally, now)
        Terminal.write(isTerminal ? "\r\(line.text)\(Self.eraseToEnd)" : line.text + "\n", to: STDERR_FILENO)
    }

    /// The terminal's line is free for the report.
    func end() {
        if isTerminal { Terminal.write("\r" + Self.eraseToEnd, to: STDERR_FILENO) }
    }

    private static let eraseToEnd = "\u{1B}[K"
}
