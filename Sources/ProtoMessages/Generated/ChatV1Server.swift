// Generated from proto/chat/v1/server.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// Asks for nothing in particular.
public struct GetServerInfoRequest: Sendable, Equatable {
    /// Every field at its default.
    public init() {}
}

/// What a server is.
public struct ServerInfo: Sendable, Equatable {
    /// The server's version, such as "1.2.0".
    public var version: String = ""
    /// The names of the services that it serves, such as "chat.v1.ChatService", sorted.
    public var services: [String] = []
    /// The configured model, in words for people, such as "openai:gpt-4o-mini".
    public var model: String = ""
    /// The model that streams, where it is another one; empty otherwise.
    public var streamModel: String = ""
    /// The kind of store: "memory", "sqlite" or "redis".
    public var store: String = ""
    /// The largest frame that is accepted, in bytes, header not counted.
    public var frameBytesMax: UInt32 = 0
    /// The longest user message or system prompt, in bytes of UTF-8.
    public var messageBytesMax: UInt32 = 0
    /// How many messages of a session the model is shown; 0 for all.
    public var historyMessagesMax: UInt32 = 0
    /// How long a session may be idle before it vanishes, in seconds; 0 for ever.
    public var sessionIdleSeconds: UInt64 = 0
    /// When the server started, in microseconds since 1970-01-01 UTC.
    public var startedUnixMicroseconds: Int64 = 0
    /// The server's clock now, in microseconds since 1970-01-01 UTC.
    public var nowUnixMicroseconds: Int64 = 0
    /// True when the server goes away soon and takes no new calls.
    public var draining: Bool = false
    /// True when calls must be authenticated.
    public var authenticationRequired: Bool = false

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        version: String = "",
        services: [String] = [],
        model: String = "",
        streamModel: String = "",
        store: String = "",
        frameBytesMax: UInt32 = 0,
        messageBytesMax: UInt32 = 0,
        historyMessagesMax: UInt32 = 0,
        sessionIdleSeconds: UInt64 = 0,
        startedUnixMicroseconds: Int64 = 0,
        nowUnixMicroseconds: Int64 = 0,
        draining: Bool = false,
        authenticationRequired: Bool = false
    ) {
        self.version = version
        self.services = services
        self.model = model
        self.streamModel = streamModel
        self.store = store
        self.frameBytesMax = frameBytesMax
        self.messageBytesMax = messageBytesMax
        self.historyMessagesMax = historyMessagesMax
        self.sessionIdleSeconds = sessionIdleSeconds
        self.startedUnixMicroseconds = startedUnixMicroseconds
        self.nowUnixMicroseconds = nowUnixMicroseconds
        self.draining = draining
        self.authenticationRequired = authenticationRequired
    }
}

/// Who the caller is.
public struct AuthenticateRequest: Sendable, Equatable {
    /// The bearer token, at most 8,192 bytes. A secret: never logged.
    public var token: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        token: String = ""
    ) {
        self.token = token
    }
}

/// Who the server takes the caller for.
public struct AuthenticateReply: Sendable, Equatable {
    /// The name that the caller's sessions belong to.
    public var owner: String = ""
    /// When the identity ends, in microseconds since 1970-01-01 UTC; 0 when it lasts as long as the connection.
    public var expiresUnixMicroseconds: Int64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        owner: String = "",
        expiresUnixMicroseconds: Int64 = 0
    ) {
        self.owner = owner
        self.expiresUnixMicroseconds = expiresUnixMicroseconds
    }
}

