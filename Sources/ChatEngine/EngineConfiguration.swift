// What an operator may change of the engine, and its limits. Values, read once when the engine is made.

/// How much of a conversation goes into a prompt.
public struct MemoryPolicy: Sendable, Equatable {
    /// The newest messages at most; 0 for all. Cut at turn boundaries, so a turn that does not fit whole is left out.
    public var messagesMax = 40
    /// Estimated tokens of the whole prompt at most; 0 for no limit. The system prompt and the new message are always
    /// kept.
    public var tokensMax = 32_000

    /// The defaults.
    public init() {}

    /// A policy; see the properties.
    public init(messagesMax: Int, tokensMax: Int) {
        precondition(messagesMax >= 0 && tokensMax >= 0, "a memory policy counts from 0, which means no limit")
        self.messagesMax = messagesMax
        self.tokensMax = tokensMax
    }
}

/// The limits of requests and turns. Each appears by its name in the error that it causes.
public struct EngineLimits: Sendable, Equatable {
    /// Of a user's message, and of a request's own system prompt: some 20 pages. Larger texts belong into documents
    /// that tools search.
    public var messageBytesMax = 64 * 1024
    /// Of an answer: with everything around it, it must fit a frame of 1 MiB.
    public var answerBytesMax = 512 * 1024
    /// Of a tool's output; more is cut. Eight of them leave room in a model's context of 32,000 tokens.
    public var toolOutputBytesMax = 16 * 1024
    /// Of tool runs in one turn.
    public var toolRunsMax = 8
    /// Of turns that run or wait for their session at the same time, in this process: each is a call in flight.
    public var runningTurnsMax = 16_384
    /// Of session, user and turn ids.
    public var identifierBytesMax = 128
    /// Of a session's title.
    public var titleBytesMax = 256
    /// Of a session's labels.
    public var labelsMax = 16
    /// Of a label's name.
    public var labelNameBytesMax = 64
    /// Of a label's value.
    public var labelValueBytesMax = 256
    /// Of a model's name in a request.
    public var modelNameBytesMax = 128
    /// Of the output tokens that a request may ask for: more than any present model gives.
    public var outputTokensMax = 1_000_000
    /// Of a page of sessions.
    public var sessionsPerPageMax = 200
    /// Of a page of sessions that asked for no size.
    public var sessionsPerPageDefault = 50
    /// Of a page of messages.
    public var messagesPerPageMax = 500
    /// Of a page of messages that asked for no size.
    public var messagesPerPageDefault = 100
    /// Of one import: as many as a page of messages has.
    public var importedMessagesMax = 500
    /// Of one imported message: more than any model asks for at once.
    public var importedToolCallsMax = 128
    /// Of the text on a page: it must fit a frame of 1 MiB with everything around it.
    public var pageBytesMax = 512 * 1024
    /// Of a lock's name.
    public var lockNameBytesMax = 256
    /// Of a lock's owner label.
    public var lockOwnerLabelBytesMax = 128
    /// A lease that nobody can renew in time is of no use.
    public var lockTimeToLiveMin: Duration = .milliseconds(100)
    /// A crashed holder blocks the others that long.
    public var lockTimeToLiveMax: Duration = .seconds(3600)
    /// How long a caller may stand in line for a lock of the lock service.
    public var lockWaitMax: Duration = .seconds(60)

    /// The defaults.
    public init() {}
}

/// Everything that an operator may change of the engine.
public struct EngineConfiguration: Sendable {
    /// Begins every prompt unless the request brings its own.
    public var systemPrompt = "당신은 친절하고 정확한 AI 비서입니다."
    public var memory = MemoryPolicy()
    public var limits = EngineLimits()
    /// How long a session lives without a turn; nil for ever.
    public var sessionIdleLifetime: Duration? = .seconds(30 * 24 * 60 * 60)
    /// Of the session's lock, renewed while the turn runs. When this process dies, the session is free after that time.
    public var sessionLockTimeToLive: Duration = .seconds(10)
    /// How long a turn stands in line for its session, at most and when the request does not say: a few answers' time.
    public var sessionLockWaitMax: Duration = .seconds(30)
    /// Of one tool's run.
    public var toolTimeLimit: Duration = .seconds(10)
    /// How late a tool may keep its time limit before the turn is ended.
    public var toolGrace: Duration = .seconds(2)
    /// Of a whole turn, from its arrival: longer than the slowest answer, and short enough that a stuck model does not
    /// hold its session all day.
    public var turnTimeLimit: Duration = .seconds(900)
    /// Of a lease when the caller of the lock service does not say.
    public var lockTimeToLiveDefault: Duration = .seconds(10)

    /// The defaults.
    public init() {}
}
