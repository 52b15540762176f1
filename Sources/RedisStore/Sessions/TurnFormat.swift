// What is remembered of a finished turn, as it lies in the hash of turns: its end in microseconds, a space, JSON. Keys
// are short, since every turn of the last day is kept; a reader of this version reads what every earlier one wrote.

internal import ChatEngine
internal import JSON

enum TurnFormat {
    static func bytes(_ turn: StoredTurn) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member(
                "hash", Identifier.hexadecimal(turn.requestHash.high) + Identifier.hexadecimal(turn.requestHash.low))
            writer.member("text", turn.text)
            writer.member("model", turn.model)
            writer.member("reason", turn.finishReason.rawValue)
            writer.key("usage")
            writer.array { writer in
                let usage = turn.usage
                for count in [usage.inputTokens, usage.outputTokens, usage.cachedInputTokens, usage.reasoningTokens] {
                    writer.integer(count)
                }
            }
            guard !turn.toolRuns.isEmpty else { return }
            writer.key("tools")
            writer.array { writer in
                for run in turn.toolRuns { writer.object { write(run, to: &$0) } }
            }
        }
        return writer.finish()
    }

    private static func write(_ run: ToolRun, to writer: inout JSONWriter) {
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

    /// - Throws: `EngineError` of kind `internalError` where it is not what this program writes.
    static func turn(_ id: String, _ record: RedisValue) throws(EngineError) -> StoredTurn {
        guard let turn = record.withBytes({ read(id, $0) }) ?? nil else {
            throw EngineError(
                .internalError, reason: "STORE_DAMAGED",
                "what the store remembers of this turn cannot be read; give the turn a new id")
        }
        return turn
    }

    private static func read(_ id: String, _ bytes: UnsafeRawBufferPointer) -> StoredTurn? {
        guard let space = bytes.firstIndex(of: UInt8(ascii: " ")),
            let finishedAt = Int64(String(decoding: bytes[..<space], as: UTF8.self)),
            let document = try? JSONDocument(
                Span(_bytes: UnsafeRawBufferPointer(rebasing: bytes[(space + 1)...]).bytes))
        else { return nil }
        let root = document.root
        guard let hash = root["hash"]?.string, hash.utf8.count == 32, let high = UInt64(hash.prefix(16), radix: 16),
            let low = UInt64(hash.suffix(16), radix: 16), let text = root["text"]?.string
        else { return nil }
        var usage = TokenUsage()
        let counts = root["usage"]?.elements.map { $0.map { $0.integer ?? 0 } } ?? []
        if counts.count >= 4 {
            usage.inputTokens = counts[0]
            usage.outputTokens = counts[1]
            usage.cachedInputTokens = counts[2]
            usage.reasoningTokens = counts[3]
        }
        return StoredTurn(
            id: id, requestHash: RequestHash(high: high, low: low), text: text, model: root["model"]?.string ?? "",
            finishReason: root["reason"]?.string.flatMap(FinishReason.init) ?? .other, usage: usage,
            toolRuns: root["tools"]?.elements.map { $0.map(toolRun) } ?? [], finishedAtMicroseconds: finishedAt)
    }

    private static func toolRun(_ element: JSONElement) -> ToolRun {
        ToolRun(
            id: element["id"]?.string ?? "", name: element["name"]?.string ?? "",
            arguments: element["arguments"]?.string ?? "", output: element["output"]?.string ?? "",
            outputTruncated: element["truncated"]?.bool ?? false, errorMessage: element["error"]?.string ?? "",
            status: element["status"]?.string.flatMap(ToolStatus.init) ?? .failed,
            durationMicroseconds: Int64(element["microseconds"]?.integer ?? 0))
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ key: String, _ text: String) {
        self.key(key)
        string(text)
    }
}
