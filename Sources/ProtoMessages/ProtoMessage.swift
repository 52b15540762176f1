// What every generated message can do.

/// A message of `proto/` as a Swift value, packed and unpacked by protobuf-c.
package protocol ProtoMessage: Sendable, Equatable {
    /// The proto's full name, such as `chat.v1.ChatRequest`.
    static var fullName: String { get }

    /// An empty message: every field at its default.
    init()

    /// Unpacks bytes that need only live for the call.
    ///
    /// - Throws: `ProtoError` when the bytes are not this message, a text is not UTF-8, or unpacking needs too much
    /// memory.
    init(unpacking bytes: Span<UInt8>) throws(ProtoError)

    /// The message's bytes.
    func packed() -> [UInt8]
}

/// Bytes that cannot be read as a message.
package enum ProtoError: Error, Sendable, Equatable {
    /// Not this message's wire format.
    case malformed(message: String)
    /// A string field holds bytes that are not UTF-8.
    case invalidUTF8(field: String)
    /// Unpacking would need more memory than the budget allows: many tiny unknown fields, for example.
    case overBudget(message: String)

    /// What is wrong, for status messages: names the message or field, never its content.
    package var explanation: String {
        switch self {
        case .malformed(let message): "not a valid \(message)"
        case .invalidUTF8(let field): "\(field) is not UTF-8"
        case .overBudget(let message):
            "\(message) needs too much memory to unpack: too many tiny or unknown fields for its size"
        }
    }
}
