// `chatctl info`: what the server is and which limits it has.

internal import ArgumentParser
internal import ChatClient

struct InfoVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Tell what the server is and which limits it has.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func perform(with client: ChatClient) async throws {
        let info = try await client.serverInfo()
        guard !printsJSON else { return StandardOutput.write(Self.json(info).line) }
        let seconds = (info.nowUnixMicroseconds - info.startedUnixMicroseconds) / 1_000_000
        let history = info.historyMessagesMax == 0 ? "all" : String(info.historyMessagesMax)
        let idle = info.sessionIdleSeconds == 0 ? "never" : "after \(info.sessionIdleSeconds) s without a turn"
        var lines = [
            ("version", info.version), ("model", PlainText.oneLine(info.model)), ("store", info.store),
            ("message limit", "\(info.messageBytesMax) bytes"), ("frame limit", "\(info.frameBytesMax) bytes"),
            ("history in prompts", "\(history) messages"), ("sessions vanish", idle), ("up for", "\(seconds) s"),
            ("services", info.services.joined(separator: ", ")),
        ]
        if !info.streamModel.isEmpty { lines.insert(("model for streams", PlainText.oneLine(info.streamModel)), at: 2) }
        if info.draining { lines.append(("draining", "it takes no new calls")) }
        if info.authenticationRequired { lines.append(("authentication", "required")) }
        for (name, value) in lines { StandardOutput.writeLine("\(PlainText.padded(name, to: 20))\(value)") }
    }

    private static func json(_ info: ServerInfo) -> JSONText {
        .object([
            ("version", .string(info.version)), ("services", .list(info.services.map { .string($0) })),
            ("model", .string(info.model)), ("stream_model", .string(info.streamModel)), ("store", .string(info.store)),
            ("frame_bytes_max", .number(info.frameBytesMax)), ("message_bytes_max", .number(info.messageBytesMax)),
            ("history_messages_max", .number(info.historyMessagesMax)),
            ("session_idle_seconds", .number(info.sessionIdleSeconds)),
            ("started_unix_microseconds", .number(info.startedUnixMicroseconds)),
            ("now_unix_microseconds", .number(info.nowUnixMicroseconds)), ("draining", .bool(info.draining)),
            ("authentication_required", .bool(info.authenticationRequired)),
        ])
    }
}
