// A message as LangChain's `message_to_dict` makes it, core 1.x: what Python reads with `messages_from_dict`. Facts
// that it has no place for ride in `additional_kwargs`, which it keeps as they are.

internal import ChatClient
internal import JSON

/// LangChain's message format.
enum LangChain {
    /// The key of our own facts in `additional_kwargs`.
    static let ownKey = "chat_service"

    static func write(_ message: ChatMessage, to writer: inout JSONWriter) {
        let type = typeName(message.role)
        writer.object { writer in
            writer.key("type")
            writer.string(type)
            writer.key("data")
            writer.object { writer in
                writer.key("content")
                writer.string(message.text)
                writeOwnFacts(message, to: &writer)
                writer.key("response_metadata")
                writer.object { writer in
                    if !message.model.isEmpty { writer.member("model_name", message.model) }
                }
                writer.member("type", type)
                for key in ["name", "id"] { writer.nullMember(key) }
                switch message.role {
                case .assistant: writeToolCalls(message.toolCalls, to: &writer)
                case .tool:
                    writer.member("tool_call_id", message.toolCallID)
                    writer.nullMember("artifact")
                    writer.member("status", "success")
                default: break
                }
            }
        }
    }

    private static func typeName(_ role: MessageRole) -> String {
        switch role {
        case .assistant: "ai"
        case .system: "system"
        case .tool: "tool"
        // Python refuses a whole history for one type that it does not know.
        case .user, .unspecified, .unrecognized: "human"
        }
    }

    private static func writeOwnFacts(_ message: ChatMessage, to writer: inout JSONWriter) {
        writer.key("additional_kwargs")
        writer.object { writer in
            guard !message.turnID.isEmpty || message.createdUnixMicroseconds != 0 else { return }
            writer.key(ownKey)
            writer.object { writer in
                writer.member("turn_id", message.turnID)
                writer.key("created_unix_microseconds")
                writer.integer(message.createdUnixMicroseconds)
            }
        }
    }

    /// Calls whose arguments are an object, and the others, which LangChain keeps apart as text.
    private static func writeToolCalls(_ calls: [MessageToolCall], to writer: inout JSONWriter) {
        var valid: [(call: MessageToolCall, arguments: JSONValue)] = []
        var invalid: [MessageToolCall] = []
        for call in calls {
            if let arguments = object(call.arguments) { valid.append((call, arguments)) } else { invalid.append(call) }
        }
        writer.key("tool_calls")
        writer.array { writer in
            for (call, arguments) in valid {
                writer.object { writer in
                    writer.member("name", call.name)
                    writer.key("args")
                    writer.value(arguments)
                    writer.member("id", call.id)
                    writer.member("type", "tool_call")
                }
            }
        }
        writer.key("invalid_tool_calls")
        writer.array { writer in
            for call in invalid {
                writer.object { writer in
                    writer.member("name", call.name)
                    writer.member("args", call.arguments)
                    writer.member("id", call.id)
                    writer.nullMember("error")
                    writer.member("type", "invalid_tool_call")
                }
            }
        }
        writer.nullMember("usage_metadata")
    }

    /// The arguments as an object; nil where they are none.
    private static func object(_ arguments: String) -> JSONValue? {
        guard !arguments.isEmpty else { return .object([]) }
        guard let value = try? JSONValue(parsing: arguments), value.members != nil else { return nil }
        return value
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ key: String, _ text: String) {
        self.key(key)
        string(text)
    }

    fileprivate mutating func nullMember(_ key: String) {
        self.key(key)
        null()
    }
}
