// What a comparison knows of one run of load.

internal import JSON

/// One number of a run.
enum Figure: String, CaseIterable, Sendable {
    case callsPerSecond = "calls_per_second"
    case tokensPerSecond = "tokens_per_second"
    case p50Microseconds = "p50_us"
    case p99Microseconds = "p99_us"
    case serverCPUMicrosecondsPerCall = "server_cpu_us_per_call"
    case serverResidentBytes = "server_rss_bytes"

    /// The table's column.
    var title: String {
        switch self {
        case .callsPerSecond: "calls/s"
        case .tokensPerSecond: "tokens/s"
        case .p50Microseconds: "p50 us"
        case .p99Microseconds: "p99 us"
        case .serverCPUMicrosecondsPerCall: "server CPU us/call"
        case .serverResidentBytes: "RSS MB"
        }
    }

    var isRate: Bool { self == .callsPerSecond || self == .tokensPerSecond }
}

/// The numbers of a run, or their medians; those that it has.
typealias Figures = [Figure: Double]

/// A run's JSON line, as `chatbench --json` and the peers' loads print it.
struct LoadLine {
    let figures: Figures
    let errors: Int
    /// Of a stream from a model that stamps its tokens.
    let tokenP50Microseconds: Double?
    let tokenP99Microseconds: Double?
    /// At a fixed rate: calls that were due and did not begin.
    let unbegunCalls: Int

    /// Nil for a text that is no such line.
    init?(_ text: String) {
        guard let value = try? JSONValue(parsing: text), let errors = value["errors"]?.integer,
            let calls = value["calls_per_second"]?.double
        else { return nil }
        self.errors = errors
        tokenP50Microseconds = value["token_latency_us"]?["p50"]?.double
        tokenP99Microseconds = value["token_latency_us"]?["p99"]?.double
        unbegunCalls = value["unbegun_calls"]?.integer ?? 0
        var figures: Figures = [.callsPerSecond: calls]
        if let tokens = value["tokens_per_second"]?.double, tokens > 0 { figures[.tokensPerSecond] = tokens }
        figures[.p50Microseconds] = value["latency_us"]?["p50"]?.double
        figures[.p99Microseconds] = value["latency_us"]?["p99"]?.double
        figures[.serverCPUMicrosecondsPerCall] = value["server_cpu_us_per_call"]?.double
        figures[.serverResidentBytes] = value["server_rss_bytes"]?.double
        self.figures = figures
    }
}

/// What `chatbench idle --json` prints.
struct IdleLine {
    let idleBytes: Double
    let bytesPerConnection: Double?
    let bytesPerStream: Double?

    /// Nil for a text that is no such line.
    init?(_ text: String) {
        guard let value = try? JSONValue(parsing: text), let idle = value["idle_rss_bytes"]?.double else { return nil }
        idleBytes = idle
        bytesPerConnection = value["rss_bytes_per_connection"]?.double
        bytesPerStream = value["rss_bytes_per_stream"]?.double
    }
}
