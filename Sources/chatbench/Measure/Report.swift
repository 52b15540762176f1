// A run's figures, as JSON for programs and as lines for people.

struct Report: Sendable {
    let tally: Tally
    let connections: Int
    let inFlight: Int
    /// The time that was measured.
    let seconds: Double
    /// Nil where the server is no process of this machine.
    let serverCPUSeconds: Double?
    let serverResidentBytes: Int?

    /// Failed calls, as a part of all, from which the figures mean nothing.
    private static let failedPartMax = 0.01

    /// True where the figures can be used.
    var isUsable: Bool {
        tally.calls > 0 && Double(tally.errors) <= Self.failedPartMax * Double(tally.calls + tally.errors)
    }

    private var callsPerSecond: Double { Double(tally.calls) / seconds }

    /// Failed calls cost the server too.
    private var serverCPUMicrosecondsPerCall: Double? {
        let calls = tally.calls + tally.errors
        return serverCPUSeconds.flatMap { calls > 0 ? $0 * 1e6 / Double(calls) : nil }
    }

    private func microseconds(atPart part: Double) -> Double {
        Double(tally.latencies.nanoseconds(atPart: part)) / 1000
    }

    private var latencies: [(name: String, microseconds: Double)] {
        [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)].map { ($0, microseconds(atPart: $1)) }
            + [("max", Double(tally.latencies.maxNanoseconds) / 1000)]
    }

    /// One line.
    var json: String {
        let latency = latencies.map { "\"\($0.name)\":\(rounded($0.microseconds, 1))" }.joined(separator: ",")
        return """
            {"calls_per_second":\(rounded(callsPerSecond, 1)),\
            "tokens_per_second":\(rounded(Double(tally.tokens) / seconds, 1)),"errors":\(tally.errors),\
            "latency_us":{\(latency)},\
            "server_cpu_us_per_call":\(serverCPUMicrosecondsPerCall.map { rounded($0, 3) } ?? "null"),\
            "server_rss_bytes":\(serverResidentBytes.map(String.init) ?? "null")}
            """
    }

    var text: String {
        var lines = [
            "\(connections) connections x \(inFlight) in flight, \(rounded(seconds, 2)) s measured",
            "calls    \(rounded(callsPerSecond, 0))/s, \(tally.calls) in all, \(tally.errors) failed",
        ]
        if tally.tokens > 0 { lines.append("tokens   \(rounded(Double(tally.tokens) / seconds, 0))/s") }
        lines.append(
            "latency  " + latencies.map { "\($0.name) \(rounded($0.microseconds, 1)) us" }.joined(separator: ", "))
        if let cpu = serverCPUMicrosecondsPerCall, let bytes = serverResidentBytes {
            lines.append("server   CPU \(rounded(cpu, 2)) us a call, RSS \(rounded(Double(bytes) / 1e6, 1)) MB")
        } else {
            lines.append("server   CPU and memory unknown: no process of this machine; name it with --server-pid")
        }
        return lines.joined(separator: "\n")
    }

    /// A decimal number with so many digits after the point.
    private func rounded(_ value: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        guard digits > 0 else { return String(scaled) }
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
