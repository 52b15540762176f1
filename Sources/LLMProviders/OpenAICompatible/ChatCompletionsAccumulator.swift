// The state of one answer while it streams: what has been seen, whether it is complete, how it ended. Pure: bytes of
// events in, events for the caller out. The I/O around it is OpenAIModel.

internal import ChatEngine
internal import HTTPClient
internal import JSON

/// Decides what each server-sent event means.
struct ChatCompletionsAccumulator {
    /// What an event leads to.
    struct Step: Equatable {
        /// For the caller, the reasoning first; empty for none.
        var reasoning = ""
        var text = ""
        /// True when the answer moved on, for the time limits: tool calls count too, although no event tells of them.
        var hasContent = false
    }

    private let words: ProviderMessage
    private var model: String
    /// The server said which model answers: it says so in every chunk, and once is enough.
    private var hasModel = false
    private var toolCalls = ToolCallAssembly()
    private var finishReason: String?
    private var usage = TokenUsage()
    /// `[DONE]` was seen: nothing more is read.
    private(set) var isDone = false
    /// Something of the answer was seen: it cannot be asked for again.
    private(set) var hasContent = false

    /// - Parameter model: the name to report when the server does not say which one answered.
    init(model: String, words: ProviderMessage) {
        self.model = model
        self.words = words
    }

    /// The server said why it stopped: at most usage and the end follow.
    var hasFinished: Bool { finishReason != nil }

    /// Takes one event of a stream.
    ///
    /// - Parameter isLast: it stood at the end of the stream without an end of its own, so it may be half an event.
    mutating func receive(_ event: ServerSentEvent, isLast: Bool = false) throws(AttemptFailure) -> Step {
        if isDone || event.data.allSatisfy({ $0 == 0x20 || $0 == 0x0A }) { return Step() }
        // Looked at first: a chunk of the answer is an object.
        if event.data.first == UInt8(ascii: "["), event.data.starts(with: "[DONE]".utf8) {
            isDone = true
            return Step()
        }
        if event.name == "error" {
            throw failure(fromErrorEvent: event.data)
        }
        return try receive(event.data, mayBeCut: isLast)
    }

    /// Takes the body of a plain response, which is complete as it is.
    mutating func receiveWhole(_ body: [UInt8]) throws(AttemptFailure) -> Step {
        let step = try receive(body, mayBeCut: false)
        if finishReason == nil, hasContent { finishReason = "" }
        return step
    }

    private mutating func receive(_ json: [UInt8], mayBeCut: Bool) throws(AttemptFailure) -> Step {
        let chunk: ChatCompletionsChunk
        do throws(JSONError) {
            chunk = try ChatCompletionsChunk(json, readsModel: !hasModel)
        } catch {
            // Usage that is cut after the finish reason is a loss, and no reason to lose the answer.
            if mayBeCut, hasFinished { return Step() }
            if mayBeCut { throw brokenOff }
            let message = "the model's provider sent something that is not the chat completions format"
            throw AttemptFailure(ModelError(.malformedResponse, message), isRetryable: false)
        }
        if let failure = chunk.failure {
            throw failure.failure(inStreamWithContent: hasContent, words: words)
        }
        if !chunk.model.isEmpty {
            model = chunk.model
            hasModel = true
        }
        if let usage = chunk.usage { self.usage = usage }
        if let reason = chunk.finishReason {
            guard reason != "error" else {
                let message = "the model's provider ended the answer with an error"
                throw AttemptFailure(
                    ModelError(hasContent ? .interrupted : .unavailable, message), isRetryable: !hasContent)
            }
            finishReason = reason
        }
        do throws(ModelError) {
            for piece in chunk.toolCalls { try toolCalls.add(piece) }
        } catch {
            throw AttemptFailure(error, isRetryable: false)
        }
        if chunk.hasContent { hasContent = true }
        return Step(reasoning: chunk.reasoning, text: chunk.text, hasContent: chunk.hasContent)
    }

    private func failure(fromErrorEvent data: [UInt8]) -> AttemptFailure {
        let failure = ChatCompletionsFailure(body: data)
        return failure.failure(inStreamWithContent: hasContent, words: words)
    }

    /// The answer, when the stream is over. `[DONE]` may be missing: why the model stopped is enough.
    ///
    /// - Throws: `.interrupted` when neither came, which means that the answer may go on; `.malformedResponse` when a
    ///   tool call is unfinished.
    func complete() throws(AttemptFailure) -> ModelCompletion {
        guard hasFinished || isDone else { throw brokenOff }
        do throws(ModelError) {
            let calls = try toolCalls.finish()
            return ModelCompletion(
                model: model, finishReason: reason(hasCalls: !calls.isEmpty), usage: usage, toolCalls: calls)
        } catch {
            // It names the tool, which is the model's own text.
            throw AttemptFailure(ModelError(error.kind, words.clean(error.message)), isRetryable: false)
        }
    }

    private var brokenOff: AttemptFailure {
        AttemptFailure(
            ModelError(.interrupted, "the model's answer broke off: the stream ended without its end marker"),
            isRetryable: !hasContent)
    }

    /// Tool calls make it a tool turn whatever the server says: several say `stop`.
    private func reason(hasCalls: Bool) -> FinishReason {
        switch finishReason {
        case "content_filter": .contentFilter
        case _ where hasCalls: .toolCalls
        case nil, "", "stop", "end_turn", "eos": .stop
        case "length", "max_tokens": .length
        default: .other
        }
    }
}
