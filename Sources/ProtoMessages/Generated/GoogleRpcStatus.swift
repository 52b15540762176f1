// Generated from proto/google/rpc/status.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// The outcome of a call.
public struct RPCStatus: Sendable, Equatable {
    /// A code of gRPC, 0 to 16.
    public var code: Int32 = 0
    /// What went wrong and what to do, for people.
    public var message: String = ""
    /// ErrorInfo and RetryInfo, for programs.
    public var details: [ProtoAny] = []

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        code: Int32 = 0,
        message: String = "",
        details: [ProtoAny] = []
    ) {
        self.code = code
        self.message = message
        self.details = details
    }
}

