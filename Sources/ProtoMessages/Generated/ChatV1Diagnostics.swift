// Generated from proto/chat/v1/diagnostics.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// Something to give back.
public struct EchoRequest: Sendable, Equatable {
    /// Any bytes, up to the frame limit.
    public var payload: [UInt8] = []

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        payload: [UInt8] = []
    ) {
        self.payload = payload
    }
}

/// What was given.
public struct EchoReply: Sendable, Equatable {
    /// The request's bytes.
    public var payload: [UInt8] = []

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        payload: [UInt8] = []
    ) {
        self.payload = payload
    }
}

