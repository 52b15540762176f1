// What is measured beside the contests: one number each, with the number it should stay below. Pure.

/// One line of the second table.
struct Footprint: Sendable, Equatable {
    enum Unit: String, Sendable {
        case megabytes = "MB"
        case kilobytes = "KB"
        case milliseconds = "ms"
    }
    /// A key of the JSON.
    let name: String
    /// As the table calls it.
    let title: String
    let unit: Unit
    let value: Double
    /// At most so much; nil for what has no goal.
    var goal: Double?

    var isMet: Bool? { goal.map { value <= $0 } }

    static func idle(_ store: ComparedStore, bytes: Double) -> Footprint {
        let goal: Double? =
            switch store {
            case .memory: 20
            case .sqlite: 30
            case .redis: nil
            }
        return Footprint(
            name: "idle_rss_mb_\(store.rawValue)", title: "RSS of an idle chatd, `\(store.rawValue):`",
            unit: .megabytes, value: bytes / 1e6, goal: goal)
    }

    static func perConnection(bytes: Double, of count: Int) -> Footprint {
        Footprint(
            name: "rss_kb_per_connection", title: "RSS per idle connection, of \(Decimal.short(Double(count)))",
            unit: .kilobytes, value: bytes / 1e3, goal: 8)
    }

    static func perStream(bytes: Double, of count: Int) -> Footprint {
        Footprint(
            name: "rss_kb_per_stream", title: "RSS per open stream, of \(Decimal.short(Double(count)))",
            unit: .kilobytes, value: bytes / 1e3, goal: 32)
    }

    static func addedLatency(part: String, microseconds: Double, turnsPerSecond: Double) -> Footprint {
        Footprint(
            name: "token_latency_ms_\(part)",
            title: "from the model's token to the client's, \(part), at half load "
                + "(\(Decimal.short(turnsPerSecond)) turns/s)",
            unit: .milliseconds, value: microseconds / 1e3, goal: part == "p99" ? 1 : nil)
    }
}
