// Seeded values for the generated random messages: the same seed gives the same messages.

@testable import ProtoMessages

/// A message that can be filled at random.
protocol RandomMessage: ProtoMessage, CMessageConvertible {
    static func random(_ random: inout RandomSource) -> Self
}

/// SplitMix64, with the values that messages are made of. Defaults and edge values come up often.
struct RandomSource: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func index(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }

    mutating func bool() -> Bool { Bool.random(using: &self) }

    mutating func double() -> Double { bool() ? 0 : Double.random(in: -1e9...1e9, using: &self) }

    mutating func integer<T: FixedWidthInteger>() -> T {
        switch index(5) {
        case 0: 0
        case 1: .max
        case 2: .min
        case 3: T(truncatingIfNeeded: index(300))
        default: T(truncatingIfNeeded: next())
        }
    }

    mutating func text() -> String {
        let pieces = [
            "", "a", "text", "\0", "x\0y", "안녕하세요", "🙂", "\u{FFFD}", "é\n",
            String(repeating: "long ", count: 40),
        ]
        return (0..<index(4)).map { _ in pieces[index(pieces.count)] }.joined()
    }

    mutating func bytes() -> [UInt8] { (0..<index(bool() ? 4 : 400)).map { _ in UInt8(truncatingIfNeeded: next()) } }

    mutating func list<T>(_ element: (inout RandomSource) -> T) -> [T] { (0..<index(4)).map { _ in element(&self) } }

    mutating func optional<T>(_ value: (inout RandomSource) -> T) -> T? { bool() ? value(&self) : nil }

    /// One of an enum's values, or one that this version does not know.
    mutating func number(of known: [Int32]) -> Int32 { index(5) == 0 ? integer() : known[index(known.count)] }
}
