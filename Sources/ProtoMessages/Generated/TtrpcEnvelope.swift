// Generated from proto/ttrpc/envelope.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// The body of a Request frame.
public struct EnvelopeRequest: Sendable, Equatable {
    /// The service's full name, such as "chat.v1.ChatService".
    public var service: String = ""
    /// The bare method name, such as "StreamChat".
    public var method: String = ""
    /// The packed request message.
    public var payload: [UInt8] = []
    /// The time that is left for the call, in nanoseconds; 0 for no deadline.
    public var timeoutNano: Int64 = 0
    /// What travels beside the request; keys in lower case, a repeated key has several values.
    public var metadata: [EnvelopeKeyValue] = []

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        service: String = "",
        method: String = "",
        payload: [UInt8] = [],
        timeoutNano: Int64 = 0,
        metadata: [EnvelopeKeyValue] = []
    ) {
        self.service = service
        self.method = method
        self.payload = payload
        self.timeoutNano = timeoutNano
        self.metadata = metadata
    }
}

/// The body of a Response frame.
public struct EnvelopeResponse: Sendable, Equatable {
    /// The outcome; absent, or with code 0, when the call succeeded.
    public var status: RPCStatus? = nil
    /// The packed reply message.
    public var payload: [UInt8] = []

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        status: RPCStatus? = nil,
        payload: [UInt8] = []
    ) {
        self.status = status
        self.payload = payload
    }
}

/// One pair of metadata.
public struct EnvelopeKeyValue: Sendable, Equatable {
    /// `key`.
    public var key: String = ""
    /// `value`.
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

