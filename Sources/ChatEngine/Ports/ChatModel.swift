// The port to a large language model. Adapters live in LLMProviders; the engine knows no wire format.

/// Who said a message of a prompt.
public enum MessageRole: String, Sendable, Hashable, CaseIterable {
    case system
    case user
    case assistant
    case tool
}

/// A request that the model asked the service to run a tool.
public struct ToolCall: Sendable, Hashable {
    public var id: String
    public var name: String
    /// The arguments as a JSON object.
    public var arguments: String

    public init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// One message as the model sees it.
public struct PromptMessage: Sendable, Hashable {
    public var role: MessageRole
    public var text: String
    /// What an assistant message asked for; empty in other roles.
    public var toolCalls: [ToolCall] = []
    /// The call that a tool message answers; nil in other roles.
    public var toolCallID: String?

    public init(role: MessageRole, text: String, toolCalls: [ToolCall] = [], toolCallID: String? = nil) {
        self.role = role
        self.text = text
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
    }
}

/// What a tool looks like to a model that can call it.
public struct ToolDefinition: Sendable, Hashable {
    public var name: String
    public var summary: String
    /// JSON Schema of the arguments, an object.
    public var parametersSchema: String

    public init(name: String, summary: String, parametersSchema: String) {
        self.name = name
        self.summary = summary
        self.parametersSchema = parametersSchema
    }
}

/// Everything a model needs for one answer.
public struct ModelRequest: Sendable {
    public var messages: [PromptMessage]
    /// Overrides the configured model name; nil for the configured one.
    public var model: String?
    public var temperature: Double?
    public var outputTokensMax: Int?
    /// Offered to a model that calls tools itself; empty where the router runs them before the model.
    public var tools: [ToolDefinition] = []
    /// True when the caller reads tokens as they come; an adapter may use a plain request otherwise.
    public var streams: Bool
    /// For whom the caller asks, for the provider's records; nil for nobody.
    public var userID: String?
    /// When the answer is of no use any more; nil for none.
    public var deadline: ContinuousClock.Instant?

    public init(
        messages: [PromptMessage], model: String? = nil, temperature: Double? = nil, outputTokensMax: Int? = nil,
        streams: Bool = true, deadline: ContinuousClock.Instant? = nil
    ) {
        self.messages = messages
        self.model = model
        self.temperature = temperature
        self.outputTokensMax = outputTokensMax
        self.streams = streams
        self.deadline = deadline
    }
}

/// A piece of an answer, in order.
public enum ModelEvent: Sendable, Hashable {
    case text(String)
    /// The model's thinking, which is shown to callers and not stored.
    case reasoning(String)
}

/// Why a model stopped.
public enum FinishReason: String, Sendable, Hashable, CaseIterable {
    case stop
    case length
    case toolCalls
    case contentFilter
    /// The provider gave a reason that this version does not know.
    case other
}

/// Tokens by kind, as the provider counted them; zero where it did not say.
public struct TokenUsage: Sendable, Hashable {
    public var inputTokens = 0
    public var outputTokens = 0
    /// The part of `inputTokens` that the provider read from its cache.
    public var cachedInputTokens = 0
    /// The part of `outputTokens` spent on reasoning.
    public var reasoningTokens = 0

    public init() {}
}

/// How an answer ended. The answer's text went out as events.
public struct ModelCompletion: Sendable {
    public var model: String
    public var finishReason: FinishReason
    public var usage: TokenUsage
    /// Tools that the model asks for; empty at the end of a turn.
    public var toolCalls: [ToolCall] = []

    public init(
        model: String, finishReason: FinishReason, usage: TokenUsage = TokenUsage(), toolCalls: [ToolCall] = []
    ) {
        self.model = model
        self.finishReason = finishReason
        self.usage = usage
        self.toolCalls = toolCalls
    }
}

/// A failure of the model, in terms that the engine can act upon.
public struct ModelError: Error, Sendable, Equatable {
    public enum Kind: Sendable, Hashable, CaseIterable {
        /// The request is wrong: unknown model, bad parameter, context too long.
        case invalidRequest
        /// The service's key is missing, wrong or may not use the model.
        case unauthorized
        /// The provider asks to slow down.
        case rateLimited
        /// The provider is down or could not be reached, before the first content.
        case unavailable
        /// The stream ended without its terminal marker, or with an error event.
        case interrupted
        /// One of the time limits passed.
        case timedOut
        /// The provider's filter refused.
        case contentFiltered
        /// What came back is not the wire format.
        case malformedResponse
    }

    public var kind: Kind
    /// The provider's words without keys, at most a few hundred characters.
    public var message: String
    /// When the provider said it is worth trying again.
    public var retryAfter: Duration?

    public init(_ kind: Kind, _ message: String, retryAfter: Duration? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
    }
}

/// A large language model. Answers run on the caller's actor and end with their task's cancellation.
public protocol ChatModel: Sendable {
    /// The configured model's name, for replies, logs and metrics.
    var name: String { get }

    /// Asks for one answer and emits its pieces in order. While `emit` waits, the adapter stops reading from the
    /// provider.
    ///
    /// - Returns: how the answer ended; only after the provider's terminal marker.
    /// - Throws: `ModelError`; `CancellationError`, after the upstream request was closed; and whatever `emit` throws.
    func answer(
        _ request: ModelRequest, emit: (ModelEvent) async throws -> Void
    ) async throws -> ModelCompletion
}
