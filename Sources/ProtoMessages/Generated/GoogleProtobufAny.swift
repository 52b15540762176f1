// Generated from proto/google/protobuf/any.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// A message with the name of its type.
public struct ProtoAny: Sendable, Equatable {
    /// "type.googleapis.com/" and the type's full name.
    public var typeURL: String = ""
    /// The packed message.
    public var value: [UInt8] = []

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        typeURL: String = "",
        value: [UInt8] = []
    ) {
        self.typeURL = typeURL
        self.value = value
    }
}

