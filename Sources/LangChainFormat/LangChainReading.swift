// Messages of LangChain, read as tolerantly as Python reads them and a little more: older versions, pieces of streams,
// contents in parts. What is not known is left out, except for kinds of messages, whose loss would change a
// conversation.

package import JSON

extension LangChainMessage {
    /// Reads `{"type": ..., "data": {...}}`, or the data alone.
    ///
    /// - Parameter skippedParts: counts parts of contents that are no text.
    /// - Throws: `LangChainProblem`.
    package init(_ element: JSONElement, skippedParts: inout Int) throws(LangChainProblem) {
        let data = element["data"] ?? element
        guard let type = element["type"]?.string ?? data["type"]?.string else {
            throw LangChainProblem(#"it is no message; write {"type": "human", "data": {"content": "..."}}"#)
        }
        self.init(
            role: try Self.role(type, data), text: try Self.text(data["content"], skippedParts: &skippedParts))
        let extras = data["additional_kwargs"]?[Self.ownKey]
        turnID = extras?["turn_id"]?.string ?? ""
        createdMicroseconds = Int64(extras?["created_unix_microseconds"]?.integer ?? 0)
        switch role {
        case .assistant:
            let metadata = data["response_metadata"]
            model = metadata?["model_name"]?.string ?? metadata?["model"]?.string ?? ""
            toolCalls = try Self.toolCalls(data)
            for index in extras?["empty_arguments"]?.elements.map(Array.init) ?? [] {
                guard let index = index.integer, toolCalls.indices.contains(index) else { continue }
                if toolCalls[index].arguments == "{}" { toolCalls[index].arguments = "" }
            }
        case .tool: toolCallID = data["tool_call_id"]?.string ?? ""
        default: break
        }
    }

    private static func role(_ type: String, _ data: JSONElement) throws(LangChainProblem) -> Role {
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
            default:
                throw LangChainProblem("its role is not known; write a message of type human, ai or system instead")
            }
        default:
            throw LangChainProblem("its type is not known; write human, ai, system or tool, or leave the message out")
        }
    }

    /// The texts of a content, joined.
    private static func text(_ content: JSONElement?, skippedParts: inout Int) throws(LangChainProblem) -> String {
        guard let content else { throw LangChainProblem(#"it has no "content"; an empty one is """#) }
        if content.isNull { return "" }
        if let text = content.string { return text }
        guard let parts = content.elements else {
            throw LangChainProblem("its content is neither a text nor a list of parts")
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

    private static func toolCalls(_ data: JSONElement) throws(LangChainProblem) -> [ToolCall] {
        var calls: [ToolCall] = []
        for call in data["tool_calls"]?.elements.map(Array.init) ?? [] {
            calls.append(
                ToolCall(
                    id: call["id"]?.string ?? "", name: call["name"]?.string ?? "",
                    arguments: try arguments(call["args"])))
        }
        for call in data["invalid_tool_calls"]?.elements.map(Array.init) ?? [] {
            calls.append(
                ToolCall(
                    id: call["id"]?.string ?? "", name: call["name"]?.string ?? "",
                    arguments: call["args"]?.string ?? ""))
        }
        guard calls.isEmpty else { return calls }
        // As the provider wrote them, in histories of older versions.
        for call in data["additional_kwargs"]?["tool_calls"]?.elements.map(Array.init) ?? [] {
            calls.append(
                ToolCall(
                    id: call["id"]?.string ?? "", name: call["function"]?["name"]?.string ?? "",
                    arguments: call["function"]?["arguments"]?.string ?? ""))
        }
        return calls
    }

    private static func arguments(_ value: JSONElement?) throws(LangChainProblem) -> String {
        guard let value, !value.isNull else { return "{}" }
        if let text = value.string { return text }
        do throws(JSONError) {
            return try value.tree().text
        } catch {
            throw LangChainProblem("a tool call's arguments are too large")
        }
    }
}
