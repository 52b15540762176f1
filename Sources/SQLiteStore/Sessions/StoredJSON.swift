// Lists inside a row, as JSON texts: labels, tool calls and tool runs. Rare and small, so no tables of their own. The
// keys are part of the file's format: a reader of this version reads what every earlier one wrote.

internal import ChatEngine
internal import GRDBSQLite
internal import JSON

enum StoredJSON {
    // MARK: Labels

    /// Nil for none.
    static func text(_ labels: [String: String]) -> String? {
        guard !labels.isEmpty else { return nil }
        return write { writer in
            writer.object { writer in
                for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
                    writer.key(name)
                    writer.string(value)
                }
            }
        }
    }

    static func labels(_ bytes: [UInt8]) throws(SQLiteFailure) -> [String: String] {
        guard !bytes.isEmpty else { return [:] }
        var labels: [String: String] = [:]
        guard let members = try read(bytes).members else { throw Self.damage }
        for (name, value) in members { labels[name] = value.string }
        return labels
    }

    // MARK: Tool calls

    static func text(_ calls: [ToolCall]) -> String? {
        list(calls) { call, writer in
            writer.member("id", call.id)
            writer.member("name", call.name)
            writer.member("arguments", call.arguments)
        }
    }

    static func toolCalls(_ bytes: [UInt8]) throws(SQLiteFailure) -> [ToolCall] {
        try list(bytes) {
            ToolCall(
                id: $0["id"]?.string ?? "", name: $0["name"]?.string ?? "",
                arguments: $0["arguments"]?.string ?? "")
        }
    }

    // MARK: Tool runs

    static func text(_ runs: [ToolRun]) -> String? {
        list(runs) { run, writer in
            writer.member("id", run.id)
            writer.member("name", run.name)
            writer.member("arguments", run.arguments)
            writer.member("output", run.output)
            if run.outputTruncated {
                writer.key("truncated")
                writer.bool(true)
            }
            if !run.errorMessage.isEmpty { writer.member("error", run.errorMessage) }
            writer.member("status", run.status.rawValue)
            writer.key("microseconds")
            writer.integer(run.durationMicroseconds)
        }
    }

    static func toolRuns(_ bytes: [UInt8]) throws(SQLiteFailure) -> [ToolRun] {
        try list(bytes) {
            ToolRun(
                id: $0["id"]?.string ?? "", name: $0["name"]?.string ?? "",
                arguments: $0["arguments"]?.string ?? "", output: $0["output"]?.string ?? "",
                outputTruncated: $0["truncated"]?.bool ?? false, errorMessage: $0["error"]?.string ?? "",
                status: $0["status"]?.string.flatMap(ToolStatus.init) ?? .failed,
                durationMicroseconds: Int64($0["microseconds"]?.integer ?? 0))
        }
    }

    // MARK: Parts

    private static func write(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    private static func list<Item>(_ items: [Item], _ body: (Item, inout JSONWriter) -> Void) -> String? {
        guard !items.isEmpty else { return nil }
        return write { writer in
            writer.array { writer in
                for item in items { writer.object { body(item, &$0) } }
            }
        }
    }

    private static func list<Item>(
        _ bytes: [UInt8], _ item: (JSONElement) -> Item
    ) throws(SQLiteFailure) -> [Item] {
        guard !bytes.isEmpty else { return [] }
        guard let elements = try read(bytes).elements else { throw Self.damage }
        return elements.map(item)
    }

    private static func read(_ bytes: [UInt8]) throws(SQLiteFailure) -> JSONElement {
        do throws(JSONError) { return try JSONDocument(bytes).root } catch { throw Self.damage }
    }

    /// What this program wrote reads back, or the file is damaged.
    private static var damage: SQLiteFailure { SQLiteFailure(code: SQLITE_CORRUPT) }
}

extension JSONWriter {
    fileprivate mutating func member(_ key: String, _ text: String) {
        self.key(key)
        string(text)
    }
}
