// Generated from proto/google/rpc/error_details.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// Why a call failed, for programs.
public struct ErrorInfo: Sendable, Equatable {
    /// The reason in capitals, such as "OUTCOME_UNKNOWN"; unique within the domain.
    public var reason: String = ""
    /// Whose reason it is: "chat-service".
    public var domain: String = ""
    /// More about it, such as the limit that was passed. The same wire as google.rpc's map of text to text.
    public var metadata: [ErrorInfoMetadataEntry] = []

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        reason: String = "",
        domain: String = "",
        metadata: [ErrorInfoMetadataEntry] = []
    ) {
        self.reason = reason
        self.domain = domain
        self.metadata = metadata
    }
}

/// One entry of ErrorInfo's metadata.
public struct ErrorInfoMetadataEntry: Sendable, Equatable {
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

/// When to try again.
public struct RetryInfo: Sendable, Equatable {
    /// At the earliest after so long.
    public var retryDelay: ProtoDuration? = nil

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        retryDelay: ProtoDuration? = nil
    ) {
        self.retryDelay = retryDelay
    }
}

