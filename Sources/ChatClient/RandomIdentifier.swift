// 128 random bits as text: turn ids and lock tokens.

/// Makes identifiers that nobody can guess and that never meet.
enum RandomIdentifier {
    /// 32 lower-case hexadecimal digits from the system's generator.
    static func make() -> String {
        var random = SystemRandomNumberGenerator()
        return hex(random.next()) + hex(random.next())
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
