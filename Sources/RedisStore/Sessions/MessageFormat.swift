// Messages as they lie in the list: LangChain's dicts, one JSON text each.

internal import ChatEngine
internal import JSON
internal import LangChainFormat

enum MessageFormat {
    /// Shown in the place of an element that is no message: places must not move, and a conversation must not be
    /// unreadable for one of its messages.
    static let unreadable = "(a message that cannot be read)"

    // MARK: Writing

    static func bytes(_ message: StoredMessage) -> [UInt8] {
        var writer = JSONWriter()
        LangChainMessage(message).write(to: &writer)
        return writer.finish()
    }

    // MARK: Reading

    /// The message at a place.
    static func message(_ value: RedisValue, at position: Int) -> StoredMessage {
        readable(value, at: position)
            ?? StoredMessage(
                position: position, role: .system, text: unreadable, turnID: "", createdAtMicroseconds: 0)
    }

    /// Nil where the element is no message.
    static func readable(_ value: RedisValue, at position: Int) -> StoredMessage? {
        let message = value.withBytes { bytes -> LangChainMessage? in
            guard let document = try? JSONDocument(Span(_bytes: bytes.bytes)) else { return nil }
            // Pictures and such have no place in a conversation of texts.
            var skippedParts = 0
            return try? LangChainMessage(document.root, skippedParts: &skippedParts)
        }
        guard let message, let message else { return nil }
        return StoredMessage(message, at: position)
    }
}

extension LangChainMessage {
    fileprivate init(_ message: StoredMessage) {
        let role: Role =
            switch message.role {
            case .system: .system
            case .user: .user
            case .assistant: .assistant
            case .tool: .tool
            }
        self.init(role: role, text: message.text)
        turnID = message.turnID
        createdMicroseconds = message.createdAtMicroseconds
        model = message.model
        toolCalls = message.toolCalls.map { ToolCall(id: $0.id, name: $0.name, arguments: $0.arguments) }
        toolCallID = message.toolCallID ?? ""
    }
}

extension StoredMessage {
    fileprivate init(_ message: LangChainMessage, at position: Int) {
        let role: MessageRole =
            switch message.role {
            case .system: .system
            case .user: .user
            case .assistant: .assistant
            case .tool: .tool
            }
        self.init(
            position: position, role: role, text: message.text, turnID: message.turnID,
            createdAtMicroseconds: message.createdMicroseconds, model: message.model,
            toolCalls: message.toolCalls.map { .init(id: $0.id, name: $0.name, arguments: $0.arguments) },
            toolCallID: role == .tool ? message.toolCallID : nil)
    }
}
