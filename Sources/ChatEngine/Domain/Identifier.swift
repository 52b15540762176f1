// Making and checking ids: of sessions, users, turns, locks.

/// Makes ids without Foundation.
public enum Identifier {
    private static let digits = Array("0123456789abcdef".utf8)

    /// A random UUID of version 4 in its usual spelling.
    public static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return uuid(high: generator.next(), low: generator.next(), version: 4)
    }

    /// 128 random bits as 32 hexadecimal digits.
    public static func randomHexadecimal() -> String {
        var generator = SystemRandomNumberGenerator()
        return hexadecimal(generator.next()) + hexadecimal(generator.next())
    }

    /// The session of a turn whose caller named none: always the same for the same owner and turn id, so that a retry
    /// finds it, and not to be guessed by other owners' ids.
    public static func sessionID(owner: String, turnID: String) -> String {
        var hash = SHA256()
        hash.updateField("session of turn")
        hash.updateField(owner)
        hash.updateField(turnID)
        let words = hash.finalize()
        return uuid(
            high: UInt64(words[0]) << 32 | UInt64(words[1]), low: UInt64(words[2]) << 32 | UInt64(words[3]), version: 8)
    }

    /// 16 lower-case hexadecimal digits.
    package static func hexadecimal(_ value: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            for index in 0..<16 {
                buffer[index] = digits[Int(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15]
            }
            return 16
        }
    }

    private static func uuid(high: UInt64, low: UInt64, version: UInt64) -> String {
        let high = high & ~0xF000 | version << 12
        let low = low & ~(3 << 62) | 2 << 62
        let bytes = Array(hexadecimal(high).utf8) + Array(hexadecimal(low).utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
            text.append(byte)
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Tells requests with the same turn id apart: 128 bits of a SHA-256.
public struct RequestHash: Sendable, Hashable {
    public var high: UInt64
    public var low: UInt64

    /// A hash from its halves, as stores keep it.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
