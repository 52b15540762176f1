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
    /// - Parameter readsModel: false where the model's name is known already; `model` stays empty then.
    /// - Throws: `JSONError` when it is no JSON.
    init(_ bytes: [UInt8], readsModel: Bool = true) throws(JSONError) {
        let root = try JSONDocument(bytes).root
        var (model, usage, choices): (JSONElement?, JSONElement?, JSONElement?)
        var hasError = false
        root.forEachMember(named: Root.names) { name, value in
            switch name {
            case Root.error: hasError = true
            case Root.model: model = value
            case Root.usage: usage = value
            case Root.groq: usage = usage ?? value["usage"]
            case Root.choices: choices = value
            default: break
            }
        }
        if hasError || choices == nil { failure = ChatCompletionsFailure(root) }
        if readsModel { self.model = model?.string ?? "" }
        if let usage, usage.kind == .object { self.usage = Self.usage(usage) }
        guard var elements = choices?.elements else { return }
        while let choice = elements.next() { read(choice) }
    }

    // What is read of a stream's objects, each in one walk over its members: most that may be there is not.

    private enum Root {
        static let error = 0, model = 1, usage = 2, groq = 3, choices = 4
        static let names = JSONNames("error", "model", "usage", "x_groq", "choices")
    }

    private enum Choice {
        static let index = 0, finishReason = 1
        static let names = JSONNames("index", "finish_reason", "delta", "message")
    }

    private enum Delta {
        static let content = 0, refusal = 1, reasoning = 2, otherReasoning = 3, toolCalls = 4, functionCall = 5
        static let names = JSONNames(
            "content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call")
    }

    private mutating func read(_ choice: JSONElement) {
        var index = 0
        var (reason, delta): (String?, JSONElement?)
        choice.forEachMember(named: Choice.names) { name, value in
            switch name {
            case Choice.index: index = value.integer ?? 0
            case Choice.finishReason: reason = value.string
            // A stream has deltas, a whole answer a message.
            default: delta = delta ?? value
            }
        }
        // One choice was asked for. Others would be other answers, not more of this one.
        guard index == 0 else { return }
        if let reason, !reason.isEmpty { finishReason = reason.lowercased() }
        if let delta { read(delta: delta) }
    }

    private mutating func read(delta: JSONElement) {
        var (refusal, otherReasoning) = ("", "")
        var functionCall: JSONElement?
        delta.forEachMember(named: Delta.names) { name, value in
            switch name {
            case Delta.content: read(content: value)
            // A refusal is what the model says instead of an answer.
            case Delta.refusal: refusal = value.string ?? ""
            case Delta.reasoning: reasoning += value.string ?? ""
            case Delta.otherReasoning: otherReasoning = value.string ?? ""
            case Delta.toolCalls:
                for piece in value.elements.map(Array.init) ?? [] {
                    toolCalls.append(Self.piece(piece, function: piece["function"]))
                }
            case Delta.functionCall: functionCall = value
            default: break
            }
        }
        text += refusal
        if reasoning.isEmpty { reasoning = otherReasoning }
        if toolCalls.isEmpty, let functionCall, functionCall.kind == .object {
            toolCalls.append(Self.piece(functionCall, function: functionCall))
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
