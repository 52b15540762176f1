// Conversations and what belongs to them, as stores keep them and callers see them.

/// A conversation.
public struct Session: Sendable, Equatable {
    public var id: String
    /// The identity that it belongs to.
    public var owner: String
    /// For whom the owner asked in the first turn; a record, no permission. Empty when it did not say.
    public var userID: String
    /// The first words of the first message until it is renamed.
    public var title: String
    public var labels: [String: String]
    public var messageCount: Int
    /// Microseconds since 1970.
    public var createdAtMicroseconds: Int64
    /// Time of the last stored turn in microseconds since 1970. Lists are ordered by it.
    public var lastActivityMicroseconds: Int64
    /// When it vanishes, in microseconds since 1970; nil for never.
    public var expiresAtMicroseconds: Int64?
    /// Tells this conversation from another of the same id before or after a deletion.
    public var generation: UInt64

    /// A session; made by stores.
    public init(
        id: String, owner: String, userID: String, title: String, labels: [String: String] = [:], messageCount: Int,
        createdAtMicroseconds: Int64, lastActivityMicroseconds: Int64, expiresAtMicroseconds: Int64?,
        generation: UInt64
    ) {
        self.id = id
        self.owner = owner
        self.userID = userID
        self.title = title
        self.labels = labels
        self.messageCount = messageCount
        self.createdAtMicroseconds = createdAtMicroseconds
        self.lastActivityMicroseconds = lastActivityMicroseconds
        self.expiresAtMicroseconds = expiresAtMicroseconds
        self.generation = generation
    }
}

/// One message of a conversation. The user's is what the user wrote, without tool results.
public struct StoredMessage: Sendable, Equatable {
    /// Its place in the session, from 1; given by the store, 0 on the way there.
    public var position: Int
    public var role: MessageRole
    public var text: String
    /// The turn it belongs to; empty when another program wrote it.
    public var turnID: String
    /// Microseconds since 1970; 0 when another program wrote it.
    public var createdAtMicroseconds: Int64
    /// The model that wrote it; empty for users and when not known.
    public var model: String
    /// What an assistant message asked for; empty in other roles.
    public var toolCalls: [ToolCall]
    /// The call that a tool message answers; nil in other roles.
    public var toolCallID: String?

    /// A message; see the properties.
    public init(
        position: Int = 0, role: MessageRole, text: String, turnID: String, createdAtMicroseconds: Int64,
        model: String = "", toolCalls: [ToolCall] = [], toolCallID: String? = nil
    ) {
        self.position = position
        self.role = role
        self.text = text
        self.turnID = turnID
        self.createdAtMicroseconds = createdAtMicroseconds
        self.model = model
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
    }
}

/// What is remembered of a finished turn, so that a retry is answered without a second model call.
public struct StoredTurn: Sendable, Equatable {
    public var id: String
    /// Of the request that made it: a different request with the same id is refused.
    public var requestHash: RequestHash
    /// The whole answer.
    public var text: String
    public var model: String
    public var finishReason: FinishReason
    public var usage: TokenUsage
    public var toolRuns: [ToolRun]
    /// Microseconds since 1970.
    public var finishedAtMicroseconds: Int64

    /// A finished turn; see the properties.
    public init(
        id: String, requestHash: RequestHash, text: String, model: String, finishReason: FinishReason,
        usage: TokenUsage, toolRuns: [ToolRun], finishedAtMicroseconds: Int64
    ) {
        self.id = id
        self.requestHash = requestHash
        self.text = text
        self.model = model
        self.finishReason = finishReason
        self.usage = usage
        self.toolRuns = toolRuns
        self.finishedAtMicroseconds = finishedAtMicroseconds
    }
}

/// Whose sessions to list.
public enum SessionScope: Sendable, Hashable {
    case owner(String)
    /// Every owner's, for operators. Who may ask is decided before the engine is.
    case allOwners
}

/// In which order to read messages.
public enum MessageOrder: Sendable, Hashable {
    /// Messages that are added meanwhile appear on later pages.
    case oldestFirst
    /// Messages that are added meanwhile do not appear.
    case newestFirst
}

/// What to change of a session; nil leaves a thing as it is.
public struct SessionChange: Sendable, Equatable {
    public var title: String?
    /// Replaces all labels.
    public var labels: [String: String]?

    /// A change; see the properties.
    public init(title: String? = nil, labels: [String: String]? = nil) {
        self.title = title
        self.labels = labels
    }
}

/// How much one page of a list may hold. It ends at whichever limit comes first, and holds at least one item.
public struct PageLimit: Sendable, Equatable {
    public var items: Int
    /// Of the items' text, so that a page fits a frame.
    public var bytes: Int

    /// A limit; both are at least 1.
    public init(items: Int, bytes: Int) {
        precondition(items > 0 && bytes > 0, "a page holds at least one item and one byte")
        self.items = items
        self.bytes = bytes
    }
}

/// One page of a list.
public struct Page<Item: Sendable>: Sendable {
    public var items: [Item]
    /// Fetches the next page; nil at the end. Opaque: its content is the store's own.
    public var nextToken: String?

    /// A page; made by stores.
    public init(items: [Item], nextToken: String?) {
        self.items = items
        self.nextToken = nextToken
    }
}

/// The newest part of a conversation, as much as a turn needs.
public struct HistoryWindow: Sendable, Equatable {
    /// Nil where there is no such session (yet).
    public var session: Session?
    /// Oldest first; the last one is the newest of the conversation.
    public var messages: [StoredMessage]

    /// A window; made by stores.
    public init(session: Session?, messages: [StoredMessage]) {
        self.session = session
        self.messages = messages
    }
}
