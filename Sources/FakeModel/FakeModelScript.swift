// What the fake model answers: a value that tests write down. One script answers one request.

/// An answer, with its faults. Steps are played in order; a request that asks for no stream gets the same content as
/// one JSON text.
package struct FakeModelScript: Sendable {
    package enum Step: Sendable, Equatable {
        /// The first chunk: the role, with empty content.
        case role
        /// One piece of content.
        case token(String)
        /// So many pieces `t0 `, `t1 `, ...
        case tokens(Int)
        /// So many pieces that each tell when they were sent, as `FakeModelStamp` says.
        case stampedTokens(Int)
        /// `echo:` and the words of the last user message, a token each.
        case echo
        case reasoning(String)
        /// A tool call, its arguments in as many chunks as there are fragments. The first chunk carries id and name.
        case toolCall(id: String, name: String, arguments: [String])
        /// A chunk with this finish reason.
        case finish(String)
        /// The chunk of token counts, if the request asked for it.
        case usage
        /// `data: [DONE]`.
        case done
        /// A comment line, such as ` keep-alive`.
        case comment(String)
        /// An event that holds an error.
        case error(message: String, type: String)
        /// An event with this text after `data: `, malformed JSON for instance.
        case data(String)
        /// These bytes in the body as they are.
        case raw(String)
        case pause(Duration)
        /// Ends the connection without the body's end: cleanly (FIN).
        case cut
        /// Ends the connection by a reset (RST).
        case reset
        /// Sends nothing more and leaves the connection open.
        case stall
    }

    package enum Opening: Sendable, Equatable {
        case atOnce
        /// Headers after a pause.
        case after(Duration)
        /// Neither headers nor an end, ever.
        case never
        /// Closes the connection without a byte.
        case closed
    }

    /// How other servers spell the same things.
    package struct Quirks: OptionSet, Sendable, Hashable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        /// Reasoning under `reasoning` (newer vLLM) instead of `reasoning_content`.
        package static let reasoningField = Quirks(rawValue: 1 << 0)
        /// Tool calls without `index` (Gemini).
        package static let noToolCallIndex = Quirks(rawValue: 1 << 1)
        /// A first chunk with `choices: []` and one whose choice has no delta (Azure).
        package static let azureChunks = Quirks(rawValue: 1 << 2)
        /// `content: null` in the first delta (llama.cpp).
        package static let nullContent = Quirks(rawValue: 1 << 3)
        /// `[DONE]` without the empty line after it (llama.cpp).
        package static let noLineAfterDone = Quirks(rawValue: 1 << 4)
        /// Lines end with CR LF.
        package static let carriageReturns = Quirks(rawValue: 1 << 5)
        /// The usage chunk has no `choices` at all (vLLM).
        package static let usageWithoutChoices = Quirks(rawValue: 1 << 6)
        /// Errors as a field of their own, `error: {...}` (llama.cpp until 2025).
        package static let errorField = Quirks(rawValue: 1 << 7)
        /// An error's `code` is a number (OpenRouter).
        package static let numericErrorCode = Quirks(rawValue: 1 << 8)
        /// Nothing after the colon of `data:`.
        package static let noSpaceAfterColon = Quirks(rawValue: 1 << 9)
    }

    package var opening = Opening.atOnce
    package var status = 200
    package var headers: [(name: String, value: String)] = []
    /// Sent as JSON instead of the steps: the body of an error.
    package var body: String?
    package var steps: [Step]
    /// Between two tokens. Zero is the bench's model: everything at once, prepared beforehand.
    package var interval = Duration.zero
    package var quirks: Quirks = []

    package init(_ steps: [Step], interval: Duration = .zero, quirks: Quirks = []) {
        self.steps = steps
        self.interval = interval
        self.quirks = quirks
    }

    // MARK: Common scripts

    private static let end: [Step] = [.finish("stop"), .usage, .done]

    /// Repeats the last user message.
    package static let echo = FakeModelScript([.role, .echo] + end)

    /// A proper answer of these tokens.
    package static func answer(_ tokens: [String], interval: Duration = .zero) -> FakeModelScript {
        FakeModelScript([.role] + tokens.map { .token($0) } + end, interval: interval)
    }

    /// A proper answer of so many tokens.
    package static func answer(tokens count: Int, interval: Duration = .zero) -> FakeModelScript {
        FakeModelScript([.role, .tokens(count)] + end, interval: interval)
    }

    /// A proper answer of so many tokens that each tell when they were sent.
    package static func stampedAnswer(tokens count: Int, interval: Duration = .zero) -> FakeModelScript {
        FakeModelScript([.role, .stampedTokens(count)] + end, interval: interval)
    }

    /// The model wants a tool.
    package static func toolCall(id: String = "call_1", name: String, arguments: [String]) -> FakeModelScript {
        FakeModelScript(
            [.role, .toolCall(id: id, name: name, arguments: arguments), .finish("tool_calls"), .usage, .done])
    }

    /// Some tokens, then no more: the last step says how.
    package static func broken(afterTokens count: Int, by fault: Step, interval: Duration = .zero) -> FakeModelScript {
        FakeModelScript([.role, .tokens(count), fault], interval: interval)
    }

    /// An HTTP error with OpenAI's body.
    package static func failure(
        status: Int, message: String, type: String = "server_error", retryAfterSeconds: Int? = nil
    ) -> FakeModelScript {
        var script = FakeModelScript([])
        script.status = status
        script.body = FakeModelText.error(message: message, type: type, code: nil)
        if let retryAfterSeconds { script.headers = [("Retry-After", String(retryAfterSeconds))] }
        return script
    }

    /// A request that is never answered.
    package static var unanswered: FakeModelScript {
        var script = FakeModelScript([])
        script.opening = .never
        return script
    }
}
