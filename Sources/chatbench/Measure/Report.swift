// A run's figures, as JSON for programs and as lines for people.

/// How the load was made.
struct LoadShape: Sendable {
    var connections: Int
    var inFlight: Int
    /// Calls per second of all connections together; nil for a closed loop.
    var rate: Double?
}

/// What the measured time cost.
struct LoadCosts: Sendable {
    /// Nil, as `serverMemory`, where the server is no process of this machine.
    var serverCPUSeconds: Double?
    var serverMemory: ServerProcess.Memory?
    var clientCPUSeconds = 0.0
}

struct Report: Sendable {
    let tally: Tally
    let shape: LoadShape
    /// The time that was measured.
    let seconds: Double
    let costs: LoadCosts
    /// From one call of a caller to its next while nothing is slow; nil takes the median latency. For a closed loop.
    var expectedIntervalMicroseconds: Double?

    /// Failed calls, as a part of all, from which the figures mean nothing.
    private static let failedPartMax = 0.01

    /// True where the figures can be used.
    var isUsable: Bool {
        tally.calls > 0 && Double(tally.errors) <= Self.failedPartMax * Double(tally.calls + tally.errors)
    }

    private var callsPerSecond: Double { Double(tally.calls) / seconds }

    /// Failed calls cost too.
    private func microsecondsPerCall(_ cpuSeconds: Double) -> Double? {
        let calls = tally.calls + tally.errors
        return calls > 0 ? cpuSeconds * 1e6 / Double(calls) : nil
    }

    // MARK: Latencies

    private var expectedIntervalNanoseconds: UInt64 {
        expectedIntervalMicroseconds.map { UInt64($0 * 1000) } ?? tally.latencies.nanoseconds(atPart: 0.5)
    }

    /// Latencies free of coordinated omission: at a fixed rate they are so as measured.
    private var correctedLatencies: LatencyHistogram {
        guard shape.rate == nil else { return tally.latencies }
        return tally.latencies.corrected(expectedIntervalNanoseconds: expectedIntervalNanoseconds)
    }

    private func quantiles(_ histogram: LatencyHistogram) -> [(name: String, microseconds: Double)] {
        [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)]
            .map { ($0, Double(histogram.nanoseconds(atPart: $1)) / 1000) }
            + [("max", Double(histogram.maxNanoseconds) / 1000)]
    }

    private func jsonObject(_ histogram: LatencyHistogram) -> String {
        let members = quantiles(histogram).map { "\"\($0.name)\":\(Decimal.text($0.microseconds, digits: 1))" }
        return "{" + members.joined(separator: ",") + "}"
    }

    private func line(_ title: String, _ histogram: LatencyHistogram) -> String {
        title
            + quantiles(histogram).map { "\($0.name) \(Decimal.text($0.microseconds, digits: 1)) us" }
            .joined(separator: ", ")
    }

    // MARK: Texts

    /// One line. Every key is always there; null where there is nothing to say.
    var json: String {
        func number(_ value: Double?, _ digits: Int) -> String {
            value.map { Decimal.text($0, digits: digits) } ?? "null"
        }
        let members = [
            ("calls_per_second", number(callsPerSecond, 1)),
            ("tokens_per_second", number(Double(tally.tokens) / seconds, 1)),
            ("errors", String(tally.errors)),
            ("latency_us", jsonObject(tally.latencies)),
            ("server_cpu_us_per_call", number(costs.serverCPUSeconds.flatMap(microsecondsPerCall), 3)),
            ("server_rss_bytes", costs.serverMemory.map { String($0.residentBytes) } ?? "null"),
            ("server_rss_peak_bytes", costs.serverMemory.map { String($0.peakBytes) } ?? "null"),
            ("client_cpu_us_per_call", number(microsecondsPerCall(costs.clientCPUSeconds), 3)),
            ("latency_corrected_us", jsonObject(correctedLatencies)),
            ("token_latency_us", tally.tokenLatencies.count == 0 ? "null" : jsonObject(tally.tokenLatencies)),
            ("rate", number(shape.rate, 3)),
            ("late_calls", shape.rate == nil ? "null" : String(tally.lateCalls)),
            ("unbegun_calls", shape.rate == nil ? "null" : String(tally.unbegunCalls)),
            ("seconds", number(seconds, 3)),
        ]
        return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    var text: String {
        var lines = [
            "\(shape.connections) connections x \(shape.inFlight) in flight, \(Decimal.text(seconds, digits: 2)) s "
                + "measured",
            "calls    \(Decimal.text(callsPerSecond, digits: 0))/s, \(tally.calls) in all, \(tally.errors) failed",
        ]
        if let rate = shape.rate {
            lines.append(
                "rate     \(Decimal.short(rate))/s asked for; \(tally.lateCalls) calls began late for lack of a free "
                    + "caller, \(tally.unbegunCalls) were due and never began")
        }
        if tally.tokens > 0 { lines.append("tokens   \(Decimal.text(Double(tally.tokens) / seconds, digits: 0))/s") }
        if shape.rate == nil {
            lines.append(line("latency  ", tally.latencies))
            let interval = Decimal.text(Double(expectedIntervalNanoseconds) / 1000, digits: 1)
            lines.append(line("         corrected for a call every \(interval) us: ", correctedLatencies))
        } else {
            lines.append(line("latency  from when a call was due: ", tally.latencies))
        }
        if tally.tokenLatencies.count > 0 { lines.append(line("a token  ", tally.tokenLatencies)) }
        lines.append(serverLine)
        if let cpu = microsecondsPerCall(costs.clientCPUSeconds) {
            lines.append("client   CPU \(Decimal.text(cpu, digits: 2)) us a call")
        }
        return lines.joined(separator: "\n")
    }

    private var serverLine: String {
        guard let cpu = costs.serverCPUSeconds.flatMap(microsecondsPerCall), let memory = costs.serverMemory else {
            return "server   CPU and memory unknown: no process of this machine; name it with --server-pid"
        }
        func megabytes(_ bytes: Int) -> String { Decimal.text(Double(bytes) / 1e6, digits: 1) }
        return "server   CPU \(Decimal.text(cpu, digits: 2)) us a call, RSS \(megabytes(memory.residentBytes)) MB, "
            + "at most \(megabytes(memory.peakBytes)) MB"
    }
}
