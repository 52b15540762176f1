// Generated from proto/google/protobuf/duration.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// A span of time.
public struct ProtoDuration: Sendable, Equatable {
    /// Whole seconds.
    public var seconds: Int64 = 0
    /// The rest in nanoseconds, of the same sign.
    public var nanos: Int32 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        seconds: Int64 = 0,
        nanos: Int32 = 0
    ) {
        self.seconds = seconds
        self.nanos = nanos
    }
}

