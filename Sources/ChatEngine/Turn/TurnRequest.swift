// What a caller asks for, what it sees while the turn runs, and what it gets at the end.

/// What to do when another turn of the session runs.
public enum BusyPolicy: Sendable, Hashable {
    /// Fail at once with `sessionBusy`.
    case refuse
    /// Stand in line that long, at most and by default (nil) for the configured time, and then fail with `sessionBusy`.
    case wait(Duration?)
}

/// One question in a conversation.
public struct TurnRequest: Sendable {
    /// The caller's identity, which separates all that is stored.
    public var owner: String
    /// What the user wrote.
    public var message: String
    /// Nil for a new session: one that the turn id decides, or a random one.
    public var sessionID: String?
    /// For whom the caller asks; empty for nobody. A record and no permission: `owner` decides what the caller sees.
    public var userID: String
    /// The caller's idempotency key; nil for a random one.
    public var turnID: String?
    /// Instead of the configured one, for this turn; empty for none.
    public var systemPrompt: String?
    /// Instead of the configured one, for this turn.
    public var model: String?
    public var temperature: Double?
    public var outputTokensMax: Int?
    public var whenBusy: BusyPolicy
    /// True when the caller reads the answer as it comes. Chooses the stream model.
    public var streams: Bool
    /// When the caller gives up; nil for none.
    public var deadline: ContinuousClock.Instant?
    /// When the request arrived, for the time that it waited; nil for now.
    public var receivedAt: ContinuousClock.Instant?

    /// A request; see the properties.
    public init(
        owner: String, message: String, sessionID: String? = nil, userID: String = "", turnID: String? = nil,
        systemPrompt: String? = nil, model: String? = nil, temperature: Double? = nil, outputTokensMax: Int? = nil,
        whenBusy: BusyPolicy = .wait(nil), streams: Bool = true, deadline: ContinuousClock.Instant? = nil,
        receivedAt: ContinuousClock.Instant? = nil
    ) {
        self.owner = owner
        self.message = message
        self.sessionID = sessionID
        self.userID = userID
        self.turnID = turnID
        self.systemPrompt = systemPrompt
        self.model = model
        self.temperature = temperature
        self.outputTokensMax = outputTokensMax
        self.whenBusy = whenBusy
        self.streams = streams
        self.deadline = deadline
        self.receivedAt = receivedAt
    }
}

/// What happens while a turn runs, in order. The end is not an event: it is what `runTurn` returns or throws.
public enum TurnEvent: Sendable, Equatable {
    /// The session is held and the turn runs, or a stored answer follows. Always first.
    indirect case started(TurnStarted)
    case text(String)
    /// The model's thinking, which is shown and not stored.
    case reasoning(String)
    indirect case toolStarted(ToolCall)
    indirect case toolFinished(ToolRun)
}

/// The ids that a turn goes by.
public struct TurnStarted: Sendable, Equatable {
    public var sessionID: String
    public var turnID: String
    /// The model that is asked, or that gave the stored answer.
    public var model: String
    /// As in `TurnReply`.
    public var replayed: Bool

    /// A beginning; made by the engine.
    public init(sessionID: String, turnID: String, model: String, replayed: Bool) {
        self.sessionID = sessionID
        self.turnID = turnID
        self.model = model
        self.replayed = replayed
    }
}

/// Where a turn's time went, in microseconds.
public struct TurnTiming: Sendable, Equatable {
    /// From arrival until the engine began.
    public var queueMicroseconds: Int64 = 0
    /// Waiting for the session's lock.
    public var lockMicroseconds: Int64 = 0
    /// Reading and writing the store.
    public var storeMicroseconds: Int64 = 0
    /// From arrival until the first text; 0 when there was none.
    public var firstTokenMicroseconds: Int64 = 0
    /// From arrival until the end.
    public var totalMicroseconds: Int64 = 0
    /// Where the turn is; nil for one that was stored before.
    public var durability: Durability?

    /// All zero, and nowhere.
    public init() {}
}

/// A finished turn.
public struct TurnReply: Sendable, Equatable {
    /// The whole answer: all text events together.
    public var text: String
    public var sessionID: String
    public var turnID: String
    /// As the provider called it.
    public var model: String
    public var finishReason: FinishReason
    public var usage: TokenUsage
    public var toolRuns: [ToolRun]
    public var timing: TurnTiming
    /// True when the answer came from the store, because a turn of this id was finished before.
    public var replayed: Bool
}
