// Messages of LangChain, read as tolerantly as Python reads them and a little more: older versions, pieces of streams,
// contents in parts. What is not known is left out, except for kinds of messages, whose loss would change a
// conversation.

internal import ChatClient
internal import JSON

extension LangChain {
    /// Reads `{"type": ..., "data": {...}}`, or the data alone.
    ///
    /// - Parameter skippedParts: counts parts of contents that are no text.
    /// - Throws: `LineProblem`.
    static func message(_ element: JSONElement, skippedParts: inout Int) throws(LineProblem) -> ChatMessage {
        let data = element["data"] ?? element
        guard let type = element["type"]?.string ?? data["type"]?.string else {
            throw LineProblem(#"it is no message; write {"type": "human", "data": {"content": "..."}}"#)
        }
        var message = ChatMessage(role: try role(type, data))
        message.text = try text(data["content"], skippedParts: &skippedParts)
        let extras = data["additional_kwargs"]
        message.turnID = extras?[ownKey]?["turn_id"]?.string ?? ""
        message.createdUnixMicroseconds = Int64(extras?[ownKey]?["created_unix_microseconds"]?.integer ?? 0)
        switch message.role {
        case .assistant:
            let metadata = data["response_metadata"]
            message.model = metadata?["model_name"]?.string ?? metadata?["model"]?.string ?? ""
            message.toolCalls = try toolCalls(data)
        case .tool: message.toolCallID = data["tool_call_id"]?.string ?? ""
        default: break
        }
        return message
    }

    private static func role(_ type: String, _ data: JSONElement) throws(LineProblem) -> MessageRole {
        switch type {
        case "human", "HumanMessageChunk": return .user
        case "ai", "AIMessageChunk": return .assistant
        case "system", "SystemMessageChunk": return .system
        case "tool", "ToolMessageChunk", "function", "FunctionMessageChunk": return .tool
        case "chat", "ChatMessageChunk":
            switch data["role"]?.string {
            case "user", "human": return .user
            case "assistant", "ai": return .assistant
            case "system", "developer": return .system
            default: throw LineProblem("its role is not known; write a message of type human, ai or system instead")
            }
        default:
            throw LineProblem("its type is not known; write human, ai, system or tool, or leave the message out")
        }
    }

    /// The texts of a content, joined.
    private static func text(_ content: JSONElement?, skippedParts: inout Int) throws(LineProblem) -> String {
        guard let content else { throw LineProblem(#"it has no "content"; an empty one is """#) }
        if content.isNull { return "" }
        if let text = content.string { return text }
        guard let parts = content.elements else {
            throw LineProblem("its content is neither a text nor a list of parts")
        }
        var result = ""
        for part in parts {
            if let text = part.string {
                result += text
            } else if part["type"]?.string == "text", let text = part["text"]?.string {
                result += text
            } else {
                skippedParts += 1
            }
        }
        return result
    }

    // MARK: Tool calls

    private static func toolCalls(_ data: JSONElement) throws(LineProblem) -> [MessageToolCall] {
        var calls: [MessageToolCall] = []
        for call in data["tool_calls"]?.elements.map(Array.init) ?? [] {
            calls.append(
                MessageToolCall(
                    id: call["id"]?.string ?? "", name: call["name"]?.string ?? "",
                    arguments: try arguments(call["args"])))
        }
        for call in data["invalid_tool_calls"]?.elements.map(Array.init) ?? [] {
            calls.append(
                MessageToolCall(
                    id: call["id"]?.string ?? "", name: call["name"]?.string ?? "",
                    arguments: call["args"]?.string ?? ""))
        }
        guard calls.isEmpty else { return calls }
        // As the provider wrote them, in histories of older versions.
        for call in data["additional_kwargs"]?["tool_calls"]?.elements.map(Array.init) ?? [] {
            calls.append(
                MessageToolCall(
                    id: call["id"]?.string ?? "", name: call["function"]?["name"]?.string ?? "",
                    arguments: call["function"]?["arguments"]?.string ?? ""))
        }
        return calls
    }

    private static func arguments(_ value: JSONElement?) throws(LineProblem) -> String {
        guard let value, !value.isNull else { return "{}" }
        if let text = value.string { return text }
        do throws(JSONError) {
            return try value.tree().text
        } catch {
            throw LineProblem("a tool call's arguments are too large")
        }
    }
}
