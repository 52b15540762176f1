// Generated from proto/chat/v1/session.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// Who said a message.
public enum MessageRole: Sendable, Hashable {
    /// Written by another program with a role that this version does not know.
    case unspecified
    /// `MESSAGE_ROLE_SYSTEM`.
    case system
    /// `MESSAGE_ROLE_USER`.
    case user
    /// `MESSAGE_ROLE_ASSISTANT`.
    case assistant
    /// `MESSAGE_ROLE_TOOL`.
    case tool
    /// A value that this version does not know.
    case unrecognized(Int32)

    /// From the wire's number.
    public init(number: Int32) {
        switch number {
        case 0: self = .unspecified
        case 1: self = .system
        case 2: self = .user
        case 3: self = .assistant
        case 4: self = .tool
        default: self = .unrecognized(number)
        }
    }

    /// The wire's number.
    public var number: Int32 {
        switch self {
        case .unspecified: 0
        case .system: 1
        case .user: 2
        case .assistant: 3
        case .tool: 4
        case .unrecognized(let number): number
        }
    }

    /// Every value that this version knows.
    public static let known: [Self] = [.unspecified, .system, .user, .assistant, .tool]
}

/// A conversation.
public struct Session: Sendable, Equatable {
    /// 1 to 128 bytes without control characters, spaces or braces.
    public var id: String = ""
    /// The first words of the first message until it is renamed; at most 256 bytes.
    public var title: String = ""
    /// The caller's own marks, each key once, sorted by key; at most 16.
    public var labels: [Label] = []
    /// How many messages the session holds, questions and answers.
    public var messageCount: UInt64 = 0
    /// When the first turn was stored, in microseconds since 1970-01-01 UTC; 0 when not known.
    public var createdUnixMicroseconds: Int64 = 0
    /// When the newest turn was stored, in microseconds since 1970-01-01 UTC.
    public var updatedUnixMicroseconds: Int64 = 0
    /// When the session vanishes unless a turn is added, in microseconds since 1970-01-01 UTC; 0 for never.
    public var expiresUnixMicroseconds: Int64 = 0
    /// The caller that it belongs to; empty where callers do not authenticate.
    public var owner: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        id: String = "",
        title: String = "",
        labels: [Label] = [],
        messageCount: UInt64 = 0,
        createdUnixMicroseconds: Int64 = 0,
        updatedUnixMicroseconds: Int64 = 0,
        expiresUnixMicroseconds: Int64 = 0,
        owner: String = ""
    ) {
        self.id = id
        self.title = title
        self.labels = labels
        self.messageCount = messageCount
        self.createdUnixMicroseconds = createdUnixMicroseconds
        self.updatedUnixMicroseconds = updatedUnixMicroseconds
        self.expiresUnixMicroseconds = expiresUnixMicroseconds
        self.owner = owner
    }
}

/// A mark on a session.
public struct Label: Sendable, Equatable {
    /// 1 to 64 bytes, no control characters.
    public var key: String = ""
    /// 0 to 256 bytes.
    public var value: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        key: String = "",
        value: String = ""
    ) {
        self.key = key
        self.value = value
    }
}

/// What to list.
public struct ListSessionsRequest: Sendable, Equatable {
    /// True for every caller's sessions, false for one's own.
    public var allOwners: Bool = false
    /// At most so many sessions a page; 0 for 50, at most 200 (more is read as 200). A page also ends at the frame limit,
    /// so a short page is not the last one: the last one has no `nextPageToken`.
    public var pageSize: UInt32 = 0
    /// `nextPageToken` of the page before; empty for the first page. All else must be as in the first request.
    public var pageToken: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        allOwners: Bool = false,
        pageSize: UInt32 = 0,
        pageToken: String = ""
    ) {
        self.allOwners = allOwners
        self.pageSize = pageSize
        self.pageToken = pageToken
    }
}

/// A page of sessions.
public struct ListSessionsReply: Sendable, Equatable {
    /// Newest activity first.
    public var sessions: [Session] = []
    /// Names the next page; empty on the last. Opaque.
    public var nextPageToken: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        sessions: [Session] = [],
        nextPageToken: String = ""
    ) {
        self.sessions = sessions
        self.nextPageToken = nextPageToken
    }
}

/// Names a session.
public struct GetSessionRequest: Sendable, Equatable {
    /// The session's id.
    public var sessionID: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        sessionID: String = ""
    ) {
        self.sessionID = sessionID
    }
}

/// What to change.
public struct UpdateSessionRequest: Sendable, Equatable {
    /// The session's id.
    public var sessionID: String = ""
    /// The new title, at most 256 bytes, an empty one for the first words of the first message again; absent: unchanged.
    public var title: String? = nil
    /// True to replace all labels by `labels`; false leaves them, and `labels` must be empty then.
    public var replaceLabels: Bool = false
    /// The new labels, each key once; at most 16.
    public var labels: [Label] = []

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        sessionID: String = "",
        title: String? = nil,
        replaceLabels: Bool = false,
        labels: [Label] = []
    ) {
        self.sessionID = sessionID
        self.title = title
        self.replaceLabels = replaceLabels
        self.labels = labels
    }
}

/// Names a session.
public struct DeleteSessionRequest: Sendable, Equatable {
    /// The session's id.
    public var sessionID: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        sessionID: String = ""
    ) {
        self.sessionID = sessionID
    }
}

/// The session is gone.
public struct DeleteSessionReply: Sendable, Equatable {
    /// False when there was no such session (any more).
    public var existed: Bool = false

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        existed: Bool = false
    ) {
        self.existed = existed
    }
}

/// Which messages to read.
public struct ListMessagesRequest: Sendable, Equatable {
    /// The session's id.
    public var sessionID: String = ""
    /// At most so many messages a page; 0 for 100, at most 500 (more is read as 500). A page also ends at the frame limit,
    /// so a short page is not the last one: the last one has no `nextPageToken`.
    public var pageSize: UInt32 = 0
    /// `nextPageToken` of the page before; empty for the first page. All else must be as in the first request.
    public var pageToken: String = ""
    /// False: in the order they were written. True: the newest first.
    public var newestFirst: Bool = false

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        sessionID: String = "",
        pageSize: UInt32 = 0,
        pageToken: String = "",
        newestFirst: Bool = false
    ) {
        self.sessionID = sessionID
        self.pageSize = pageSize
        self.pageToken = pageToken
        self.newestFirst = newestFirst
    }
}

/// A page of messages.
public struct ListMessagesReply: Sendable, Equatable {
    /// In the order that was asked for.
    public var messages: [ChatMessage] = []
    /// Names the next page; empty on the last. Opaque.
    public var nextPageToken: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        messages: [ChatMessage] = [],
        nextPageToken: String = ""
    ) {
        self.messages = messages
        self.nextPageToken = nextPageToken
    }
}

/// A stored message.
public struct ChatMessage: Sendable, Equatable {
    /// Its place in the session, from 1.
    public var position: UInt64 = 0
    /// Who said it.
    public var role: MessageRole = .unspecified
    /// What was said; of users what they wrote, without tool results.
    public var text: String = ""
    /// The turn that it came with; empty when another program wrote it.
    public var turnID: String = ""
    /// When it was stored, in microseconds since 1970-01-01 UTC; 0 when not known.
    public var createdUnixMicroseconds: Int64 = 0
    /// The model that wrote it; empty for users and when not known.
    public var model: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        position: UInt64 = 0,
        role: MessageRole = .unspecified,
        text: String = "",
        turnID: String = "",
        createdUnixMicroseconds: Int64 = 0,
        model: String = ""
    ) {
        self.position = position
        self.role = role
        self.text = text
        self.turnID = turnID
        self.createdUnixMicroseconds = createdUnixMicroseconds
        self.model = model
    }
}

