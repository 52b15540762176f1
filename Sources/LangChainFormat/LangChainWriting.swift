// A message as LangChain's `message_to_dict` makes it, core 1.x: what Python reads with `messages_from_dict`. Facts
// that it has no place for ride in `additional_kwargs`, which it keeps as they are.

package import JSON

extension LangChainMessage {
    /// The key of our own facts in `additional_kwargs`.
    static let ownKey = "chat_service"

    /// Writes `{"type": ..., "data": {...}}`.
    package func write(to writer: inout JSONWriter) {
        let type = typeName
        writer.object { writer in
            writer.key("type")
            writer.string(type)
            writer.key("data")
            writer.object { writer in
                writer.key("content")
                writer.string(text)
                writeOwnFacts(to: &writer)
                writer.key("response_metadata")
                writer.object { writer in
                    if !model.isEmpty { writer.member("model_name", model) }
                }
                writer.member("type", type)
                for key in ["name", "id"] { writer.nullMember(key) }
                switch role {
                case .assistant: writeToolCalls(to: &writer)
                case .tool:
                    writer.member("tool_call_id", toolCallID)
                    writer.nullMember("artifact")
                    writer.member("status", "success")
                default: break
                }
            }
        }
    }

    /// Python refuses a whole history for one type that it does not know.
    private var typeName: String {
        switch role {
        case .assistant: "ai"
        case .system: "system"
        case .tool: "tool"
        case .user: "human"
        }
    }

    private func writeOwnFacts(to writer: inout JSONWriter) {
        writer.key("additional_kwargs")
        writer.object { writer in
            // LangChain has objects only, and a model may have written nothing at all.
            let empty = Self.placesOfEmptyArguments(toolCalls)
            guard !turnID.isEmpty || createdMicroseconds != 0 || !empty.isEmpty else { return }
            writer.key(Self.ownKey)
            writer.object { writer in
                writer.member("turn_id", turnID)
                writer.key("created_unix_microseconds")
                writer.integer(createdMicroseconds)
                guard !empty.isEmpty else { return }
                writer.key("empty_arguments")
                writer.array { writer in for index in empty { writer.integer(index) } }
            }
        }
    }

    /// Counted among the calls whose arguments are an object, as these are written apart from the others.
    private static func placesOfEmptyArguments(_ calls: [ToolCall]) -> [Int] {
        guard calls.contains(where: \.arguments.isEmpty) else { return [] }
        let valid = calls.filter { object($0.arguments) != nil }
        return valid.indices.filter { valid[$0].arguments.isEmpty }
    }

    /// Calls whose arguments are an object, and the others, which LangChain keeps apart as text.
    private func writeToolCalls(to writer: inout JSONWriter) {
        var valid: [(call: ToolCall, arguments: JSONValue)] = []
        var invalid: [ToolCall] = []
        for call in toolCalls {
            if let arguments = Self.object(call.arguments) {
                valid.append((call, arguments))
            } else {
                invalid.append(call)
            }
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
