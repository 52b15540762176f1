// Generated from proto/chat/v1/chat.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// What to do when another turn holds the session.
public enum WhenBusy: Sendable, Hashable {
    /// As WHEN_BUSY_WAIT.
    case unspecified
    /// Wait in line, up to `busyWaitMilliseconds`.
    case wait
    /// Fail at once with ABORTED and reason SESSION_BUSY.
    case refuse
    /// A value that this version does not know.
    case unrecognized(Int32)

    /// From the wire's number.
    public init(number: Int32) {
        switch number {
        case 0: self = .unspecified
        case 1: self = .wait
        case 2: self = .refuse
        default: self = .unrecognized(number)
        }
    }

    /// The wire's number.
    public var number: Int32 {
        switch self {
        case .unspecified: 0
        case .wait: 1
        case .refuse: 2
        case .unrecognized(let number): number
        }
    }

    /// Every value that this version knows.
    public static let known: [Self] = [.unspecified, .wait, .refuse]
}

/// Why a model stopped.
public enum FinishReason: Sendable, Hashable {
    /// Not known: a turn that was stored by another program.
    case unspecified
    /// The answer is complete.
    case stop
    /// The limit on output tokens or the model's context cut the answer.
    case length
    /// The model asked for tools and the service has no more rounds for them.
    case toolCalls
    /// The provider's filter cut the answer.
    case contentFilter
    /// The provider gave a reason that this version does not know.
    case other
    /// A value that this version does not know.
    case unrecognized(Int32)

    /// From the wire's number.
    public init(number: Int32) {
        switch number {
        case 0: self = .unspecified
        case 1: self = .stop
        case 2: self = .length
        case 3: self = .toolCalls
        case 4: self = .contentFilter
        case 5: self = .other
        default: self = .unrecognized(number)
        }
    }

    /// The wire's number.
    public var number: Int32 {
        switch self {
        case .unspecified: 0
        case .stop: 1
        case .length: 2
        case .toolCalls: 3
        case .contentFilter: 4
        case .other: 5
        case .unrecognized(let number): number
        }
    }

    /// Every value that this version knows.
    public static let known: [Self] = [.unspecified, .stop, .length, .toolCalls, .contentFilter, .other]
}

/// How a tool's run ended.
public enum ToolOutcome: Sendable, Hashable {
    /// `TOOL_OUTCOME_UNSPECIFIED`.
    case unspecified
    /// The tool gave a result.
    case succeeded
    /// The tool failed; the model was told so and the turn went on.
    case failed
    /// The tool passed its time limit; the model was told so and the turn went on.
    case timedOut
    /// A value that this version does not know.
    case unrecognized(Int32)

    /// From the wire's number.
    public init(number: Int32) {
        switch number {
        case 0: self = .unspecified
        case 1: self = .succeeded
        case 2: self = .failed
        case 3: self = .timedOut
        default: self = .unrecognized(number)
        }
    }

    /// The wire's number.
    public var number: Int32 {
        switch self {
        case .unspecified: 0
        case .succeeded: 1
        case .failed: 2
        case .timedOut: 3
        case .unrecognized(let number): number
        }
    }

    /// Every value that this version knows.
    public static let known: [Self] = [.unspecified, .succeeded, .failed, .timedOut]
}

/// What became of it.
public enum CancelOutcome: Sendable, Hashable {
    /// `CANCEL_OUTCOME_UNSPECIFIED`.
    case unspecified
    /// The turn was running and ends with CANCELLED; nothing of it is stored.
    case cancelled
    /// Too late: the turn is stored or being stored.
    case tooLate
    /// No such turn runs on this server.
    case notRunning
    /// A value that this version does not know.
    case unrecognized(Int32)

    /// From the wire's number.
    public init(number: Int32) {
        switch number {
        case 0: self = .unspecified
        case 1: self = .cancelled
        case 2: self = .tooLate
        case 3: self = .notRunning
        default: self = .unrecognized(number)
        }
    }

    /// The wire's number.
    public var number: Int32 {
        switch self {
        case .unspecified: 0
        case .cancelled: 1
        case .tooLate: 2
        case .notRunning: 3
        case .unrecognized(let number): number
        }
    }

    /// Every value that this version knows.
    public static let known: [Self] = [.unspecified, .cancelled, .tooLate, .notRunning]
}

/// A user message, and where and how to answer it.
public struct ChatRequest: Sendable, Equatable {
    /// What the user wrote: UTF-8, not empty, not only white space, at most the server's `messageBytesMax`.
    public var message: String = ""
    /// The conversation: 1 to 128 bytes without control characters, spaces or braces. When empty, the turn id decides
    /// it, so that a retry finds its session; without a turn id a new session is begun.
    public var sessionID: String = ""
    /// The end user for whom the caller asks, 0 to 128 bytes, rules as for `sessionID`. A label for records and for the
    /// model's provider; what a caller may see is decided by its own identity.
    public var userID: String = ""
    /// The idempotency key, 1 to 128 bytes, rules as for `sessionID`; made by the server when empty. Kept 24 hours.
    public var turnID: String = ""
    /// Replaces the configured system prompt for this turn; an empty text means none. At most `messageBytesMax`.
    public var systemPrompt: String? = nil
    /// The provider's model name; the configured model when empty.
    public var model: String = ""
    /// Sampling temperature, 0 to 2; the configured one, or the provider's, when absent.
    public var temperature: Double? = nil
    /// The most tokens that the model may write; 0 for the configured limit.
    public var maxOutputTokens: UInt32 = 0
    /// What to do when another turn holds the session.
    public var whenBusy: WhenBusy = .unspecified
    /// The longest wait for the session, in milliseconds; 0 for the server's default, which is also the maximum.
    public var busyWaitMilliseconds: UInt32 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        message: String = "",
        sessionID: String = "",
        userID: String = "",
        turnID: String = "",
        systemPrompt: String? = nil,
        model: String = "",
        temperature: Double? = nil,
        maxOutputTokens: UInt32 = 0,
        whenBusy: WhenBusy = .unspecified,
        busyWaitMilliseconds: UInt32 = 0
    ) {
        self.message = message
        self.sessionID = sessionID
        self.userID = userID
        self.turnID = turnID
        self.systemPrompt = systemPrompt
        self.model = model
        self.temperature = temperature
        self.maxOutputTokens = maxOutputTokens
        self.whenBusy = whenBusy
        self.busyWaitMilliseconds = busyWaitMilliseconds
    }
}

/// A whole answer.
public struct ChatReply: Sendable, Equatable {
    /// The answer.
    public var text: String = ""
    /// The conversation that it belongs to, made by the server where the request named none.
    public var sessionID: String = ""
    /// The turn's id, made by the server where the request named none.
    public var turnID: String = ""
    /// The model that answered, as its provider names it.
    public var model: String = ""
    /// Why the model stopped.
    public var finishReason: FinishReason = .unspecified
    /// Tokens, as the provider counted them; zeros when it did not. Of a replayed turn: what the first run used.
    public var usage: TokenUsage? = nil
    /// The tools that ran, in order.
    public var toolRuns: [ToolRun] = []
    /// Where the time went, in this call.
    public var timing: TurnTiming? = nil
    /// True when the turn was stored before and is answered from the store; the model was not asked again.
    public var replayed: Bool = false

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        text: String = "",
        sessionID: String = "",
        turnID: String = "",
        model: String = "",
        finishReason: FinishReason = .unspecified,
        usage: TokenUsage? = nil,
        toolRuns: [ToolRun] = [],
        timing: TurnTiming? = nil,
        replayed: Bool = false
    ) {
        self.text = text
        self.sessionID = sessionID
        self.turnID = turnID
        self.model = model
        self.finishReason = finishReason
        self.usage = usage
        self.toolRuns = toolRuns
        self.timing = timing
        self.replayed = replayed
    }
}

/// Tokens by kind.
public struct TokenUsage: Sendable, Equatable {
    /// Tokens of the prompt, history and tools included.
    public var inputTokens: UInt64 = 0
    /// Tokens that the model wrote.
    public var outputTokens: UInt64 = 0
    /// The part of `inputTokens` that the provider read from its cache.
    public var cachedInputTokens: UInt64 = 0
    /// The part of `outputTokens` spent on reasoning.
    public var reasoningTokens: UInt64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        inputTokens: UInt64 = 0,
        outputTokens: UInt64 = 0,
        cachedInputTokens: UInt64 = 0,
        reasoningTokens: UInt64 = 0
    ) {
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
        self.cachedInputTokens = cachedInputTokens
        self.reasoningTokens = reasoningTokens
    }
}

/// One run of a tool.
public struct ToolRun: Sendable, Equatable {
    /// Names this run within the turn; the model's own id where the model asked for it.
    public var callID: String = ""
    /// The tool's name.
    public var name: String = ""
    /// What it was given: a JSON object, or the user's words for tools that run before the model.
    public var arguments: String = ""
    /// What it gave to the model, cut at the limit for tool output.
    public var output: String = ""
    /// True when `output` was cut.
    public var outputTruncated: Bool = false
    /// How it ended.
    public var outcome: ToolOutcome = .unspecified
    /// What went wrong, in words; empty when the tool succeeded.
    public var errorMessage: String = ""
    /// How long it ran, in microseconds.
    public var durationMicroseconds: UInt64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        callID: String = "",
        name: String = "",
        arguments: String = "",
        output: String = "",
        outputTruncated: Bool = false,
        outcome: ToolOutcome = .unspecified,
        errorMessage: String = "",
        durationMicroseconds: UInt64 = 0
    ) {
        self.callID = callID
        self.name = name
        self.arguments = arguments
        self.output = output
        self.outputTruncated = outputTruncated
        self.outcome = outcome
        self.errorMessage = errorMessage
        self.durationMicroseconds = durationMicroseconds
    }
}

/// Where a turn's time went, in microseconds, from the complete request frame on.
public struct TurnTiming: Sendable, Equatable {
    /// From the request's arrival until the turn began.
    public var queueMicroseconds: UInt64 = 0
    /// Waiting for the session.
    public var lockMicroseconds: UInt64 = 0
    /// Reading and writing the store.
    public var storeMicroseconds: UInt64 = 0
    /// From the request's arrival until the model's first text; 0 when there was none.
    public var firstTokenMicroseconds: UInt64 = 0
    /// From the request's arrival until the reply was made.
    public var totalMicroseconds: UInt64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        queueMicroseconds: UInt64 = 0,
        lockMicroseconds: UInt64 = 0,
        storeMicroseconds: UInt64 = 0,
        firstTokenMicroseconds: UInt64 = 0,
        totalMicroseconds: UInt64 = 0
    ) {
        self.queueMicroseconds = queueMicroseconds
        self.lockMicroseconds = lockMicroseconds
        self.storeMicroseconds = storeMicroseconds
        self.firstTokenMicroseconds = firstTokenMicroseconds
        self.totalMicroseconds = totalMicroseconds
    }
}

/// One event of an answer that is being written.
public struct ChatEvent: Sendable, Equatable {
    /// What happened. Skip events that are not known: more kinds may be added.
    public enum Event: Sendable, Equatable {
        /// The session is held and the turn runs. The first event, apart from heartbeats.
        case started(TurnStarted)
        /// The next piece of the answer; never cut inside a character. A replayed turn sends its whole text as one.
        case text(String)
        /// The next piece of the model's thinking, which is shown and not stored.
        case reasoning(String)
        /// A tool begins to run.
        case toolStarted(ToolStarted)
        /// A tool ended.
        case toolFinished(ToolRun)
        /// Nothing to say, still at work; sent when no other event was for the server's heartbeat interval.
        case heartbeat(Heartbeat)
        /// The turn is stored. The last event.
        case finished(TurnFinished)
    }

    /// 1 for the first event of a stream, then one more each time: a gap means that events were lost.
    public var sequence: UInt64 = 0
    /// What happened. Skip events that are not known: more kinds may be added.
    public var event: Event? = nil

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        sequence: UInt64 = 0,
        event: Event? = nil
    ) {
        self.sequence = sequence
        self.event = event
    }
}

/// The turn runs.
public struct TurnStarted: Sendable, Equatable {
    /// As in ChatReply.
    public var sessionID: String = ""
    /// As in ChatReply.
    public var turnID: String = ""
    /// The model that is asked.
    public var model: String = ""
    /// As in ChatReply.
    public var replayed: Bool = false

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        sessionID: String = "",
        turnID: String = "",
        model: String = "",
        replayed: Bool = false
    ) {
        self.sessionID = sessionID
        self.turnID = turnID
        self.model = model
        self.replayed = replayed
    }
}

/// A tool begins to run.
public struct ToolStarted: Sendable, Equatable {
    /// As in ToolRun.
    public var callID: String = ""
    /// As in ToolRun.
    public var name: String = ""
    /// As in ToolRun.
    public var arguments: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        callID: String = "",
        name: String = "",
        arguments: String = ""
    ) {
        self.callID = callID
        self.name = name
        self.arguments = arguments
    }
}

/// A sign of life.
public struct Heartbeat: Sendable, Equatable {
    /// Since the request's arrival, in milliseconds.
    public var elapsedMilliseconds: UInt64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        elapsedMilliseconds: UInt64 = 0
    ) {
        self.elapsedMilliseconds = elapsedMilliseconds
    }
}

/// The end of an answer: what ChatReply has except the text, and what shows that the text is complete.
public struct TurnFinished: Sendable, Equatable {
    /// As in ChatReply.
    public var sessionID: String = ""
    /// As in ChatReply.
    public var turnID: String = ""
    /// As in ChatReply.
    public var model: String = ""
    /// As in ChatReply.
    public var finishReason: FinishReason = .unspecified
    /// As in ChatReply.
    public var usage: TokenUsage? = nil
    /// As in ChatReply.
    public var toolRuns: [ToolRun] = []
    /// As in ChatReply.
    public var timing: TurnTiming? = nil
    /// As in ChatReply.
    public var replayed: Bool = false
    /// The length of all `text` events together, in bytes of UTF-8.
    public var textBytes: UInt64 = 0
    /// CRC-32 (the one of zlib, gzip and PNG) of the same bytes.
    public var textCrc32: UInt32 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        sessionID: String = "",
        turnID: String = "",
        model: String = "",
        finishReason: FinishReason = .unspecified,
        usage: TokenUsage? = nil,
        toolRuns: [ToolRun] = [],
        timing: TurnTiming? = nil,
        replayed: Bool = false,
        textBytes: UInt64 = 0,
        textCrc32: UInt32 = 0
    ) {
        self.sessionID = sessionID
        self.turnID = turnID
        self.model = model
        self.finishReason = finishReason
        self.usage = usage
        self.toolRuns = toolRuns
        self.timing = timing
        self.replayed = replayed
        self.textBytes = textBytes
        self.textCrc32 = textCrc32
    }
}

/// Names the turn to cancel.
public struct CancelTurnRequest: Sendable, Equatable {
    /// The turn's session.
    public var sessionID: String = ""
    /// The turn's id.
    public var turnID: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        sessionID: String = "",
        turnID: String = ""
    ) {
        self.sessionID = sessionID
        self.turnID = turnID
    }
}

/// The answer to CancelTurn.
public struct CancelTurnReply: Sendable, Equatable {
    /// What became of the turn.
    public var outcome: CancelOutcome = .unspecified

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        outcome: CancelOutcome = .unspecified
    ) {
        self.outcome = outcome
    }
}

