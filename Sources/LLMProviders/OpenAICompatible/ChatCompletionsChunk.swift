// Reads one chunk of a stream, or a whole plain response, which has the same shape with `message` for `delta`. Pure.
// Servers that call themselves compatible differ in what they leave out: everything here may be absent or null.

internal import ChatEngine
internal import JSON

/// What one chunk adds to an answer.
struct ChatCompletionsChunk: Equatable {
    /// A piece of a tool call. Which call it belongs to is for the accumulator to find out.
    struct ToolCallPiece: Equatable {
        var index: Int?
        var id: String
        var name: String
        var arguments: String
    }

    var model = ""
    var text = ""
    var reasoning = ""
    var toolCalls: [ToolCallPiece] = []
    /// As the server wrote it, in lower case; nil while the answer goes on.
    var finishReason: String?
    var usage: TokenUsage?
    /// What the server says went wrong.
    var failure: ChatCompletionsFailure?

    /// True when a caller sees something of it: what counts for the time limits and against retries.
    var hasContent: Bool { !text.isEmpty || !reasoning.isEmpty || !toolCalls.isEmpty }

    init() {}

    /// Reads the JSON of one event or body.
    ///
    /// - Throws: `JSONError` when it is no JSON.
    init(_ bytes: [UInt8]) throws(JSONError) {
        let root = try JSONDocument(bytes).root
        failure = ChatCompletionsFailure(root)
        model = root["model"]?.string ?? ""
        if let usage = root["usage"] ?? root["x_groq"]?["usage"], usage.kind == .object {
            self.usage = Self.usage(usage)
        }
        guard let choices = root["choices"]?.elements else { return }
        // One choice was asked for. Others would be other answers, not more of this one.
        for choice in choices where choice["index"]?.integer ?? 0 == 0 {
            read(choice)
        }
    }

    private mutating func read(_ choice: JSONElement) {
        if let reason = choice["finish_reason"]?.string, !reason.isEmpty { finishReason = reason.lowercased() }
        guard let delta = choice["delta"] ?? choice["message"], delta.kind == .object else { return }
        if let content = delta["content"] { read(content: content) }
        // A refusal is what the model says instead of an answer.
        if let refusal = delta["refusal"]?.string { text += refusal }
        reasoning += delta["reasoning_content"]?.string ?? delta["reasoning"]?.string ?? ""
        if let pieces = delta["tool_calls"]?.elements {
            for piece in pieces { toolCalls.append(Self.piece(piece, function: piece["function"])) }
        } else if let function = delta["function_call"], function.kind == .object {
            toolCalls.append(Self.piece(function, function: function))
        }
    }

    /// A text, or a list of typed parts.
    private mutating func read(content: JSONElement) {
        if let content = content.string {
            text += content
        } else if let parts = content.elements {
            for part in parts { text += part["text"]?.string ?? "" }
        }
    }

    private static func piece(_ piece: JSONElement, function: JSONElement?) -> ToolCallPiece {
        var arguments = ""
        if let value = function?["arguments"] {
            // Some servers send the object itself instead of its text. Depth was limited when it was parsed.
            arguments = value.string ?? (value.kind == .object ? (try? value.tree().text) ?? "" : "")
        }
        return ToolCallPiece(
            index: piece["index"]?.integer, id: piece["id"]?.string ?? "", name: function?["name"]?.string ?? "",
            arguments: arguments)
    }

    private static func usage(_ json: JSONElement) -> TokenUsage {
        func count(_ element: JSONElement?) -> Int { max(0, element?.integer ?? 0) }
        var usage = TokenUsage()
        usage.inputTokens = count(json["prompt_tokens"])
        usage.outputTokens = count(json["completion_tokens"])
        usage.cachedInputTokens = count(json["prompt_tokens_details"]?["cached_tokens"])
        usage.reasoningTokens = count(json["completion_tokens_details"]?["reasoning_tokens"])
        return usage
    }
}
