// What connections and streams that do nothing take of a server's memory. Pure.

/// The server's memory at three times.
struct IdleReport: Sendable, Equatable {
    /// With one connection.
    let idleBytes: Int
    let connections: Int
    let connectionsBytes: Int
    let streams: Int
    /// Nil without streams.
    let streamsBytes: Int?

    var bytesPerConnection: Double { Double(connectionsBytes - idleBytes) / Double(connections) }
    var bytesPerStream: Double? { streamsBytes.map { Double($0 - connectionsBytes) / Double(streams) } }

    var json: String {
        """
        {"idle_rss_bytes":\(idleBytes),"connections":\(connections),"connections_rss_bytes":\(connectionsBytes),\
        "rss_bytes_per_connection":\(Decimal.text(bytesPerConnection, digits: 1)),"streams":\(streams),\
        "streams_rss_bytes":\(streamsBytes.map(String.init) ?? "null"),\
        "rss_bytes_per_stream":\(bytesPerStream.map { Decimal.text($0, digits: 1) } ?? "null")}
        """
    }

    var text: String {
        func megabytes(_ bytes: Int) -> String { Decimal.text(Double(bytes) / 1e6, digits: 1) + " MB" }
        func kilobytes(_ bytes: Double) -> String { Decimal.text(bytes / 1e3, digits: 2) + " KB" }
        var lines = [
            "idle         RSS \(megabytes(idleBytes))",
            "connections  \(connections): RSS \(megabytes(connectionsBytes)), \(kilobytes(bytesPerConnection)) each",
        ]
        if let streamsBytes, let bytesPerStream {
            lines.append("streams      \(streams): RSS \(megabytes(streamsBytes)), \(kilobytes(bytesPerStream)) each")
        }
        return lines.joined(separator: "\n")
    }
}
