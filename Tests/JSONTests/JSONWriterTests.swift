// What is written: golden texts, and random trees that must read back equal.

import JSON
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    @Test("objects and arrays get their commas, in the order of the calls")
    func golden() {
        var writer = JSONWriter(appendingTo: Array("data: ".utf8))
        writer.object {
            $0.key("model")
            $0.string("m")
            $0.key("empty")
            $0.array { _ in }
            $0.key("list")
            $0.array {
                $0.integer(-1)
                $0.double(0.5)
                $0.bool(true)
                $0.null()
                $0.object { _ in }
                $0.array {
                    $0.integer(1)
                    $0.integer(2)
                }
            }
            $0.key("last")
            $0.object {
                $0.key("a")
                $0.integer(UInt64.max)
            }
        }
        let expected =
            #"data: {"model":"m","empty":[],"list":[-1,0.5,true,null,{},[1,2]],"last":{"a":18446744073709551615}}"#
        #expect(String(decoding: writer.finish(), as: UTF8.self) == expected)
    }

    @Test(
        "strings are escaped where JSON demands it and nowhere else",
        arguments: [
            ("", #""""#), ("plain", #""plain""#), ("\"\\", #""\"\\""#),
            ("\u{8}\t\n\u{c}\r\u{0}\u{1f}", #""\b\t\n\f\r\u0000\u001f""#),
            ("/한국어😀\u{7f}\u{2028}", "\"/한국어😀\u{7f}\u{2028}\""), ("a\nb\nc", #""a\nb\nc""#),
        ])
    func strings(text: String, expected: String) {
        #expect(JSONValue.string(text).text == expected)
    }

    @Test("a double reads back as itself; what JSON cannot say is null")
    func doubles() throws {
        for value in [0.1, -0.0, 1e-7, 1e21, .leastNonzeroMagnitude, Double.greatestFiniteMagnitude, 1.0 / 3.0, 100] {
            #expect(try JSONValue(parsing: JSONValue.double(value).text).double == value)
        }
        #expect(JSONValue.double(.nan).text == "null")
        #expect(JSONValue.double(-.infinity).text == "null")
    }

    @Test("random trees read back as they were", arguments: 0..<50)
    func roundTrip(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let tree = JSONValue.object([JSONValue.Member("root", randomTree(depth: 0, &random))])
        #expect(try JSONValue(parsing: tree.bytes) == tree)
        #expect(try JSONValue(parsing: tree.text).text == tree.text)
    }

    private func randomTree(depth: Int, _ random: inout SeededRandom) -> JSONValue {
        switch Int.random(in: 0..<(depth < 6 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        case 3: return .unsigned(.random(in: UInt64(Int64.max) + 1 ... .max, using: &random))
        case 4: return .double(.random(in: -1e9...1e9, using: &random) + 0.123_456)
        case 5: return .string(randomText(&random))
        case 6:
            let count = Int.random(in: 0..<6, using: &random)
            return .array((0..<count).map { _ in randomTree(depth: depth + 1, &random) })
        default:
            let count = Int.random(in: 0..<6, using: &random)
            return .object(
                (0..<count).map { _ in
                    JSONValue.Member(randomText(&random), randomTree(depth: depth + 1, &random))
                })
        }
    }

    private func randomText(_ random: inout SeededRandom) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<24, using: &random) {
            let limit: UInt32 = [0x20, 0x80, 0x800, 0x1_0000, 0x11_0000].randomElement(using: &random) ?? 0x80
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) { text.append(scalar) }
        }
        return String(text)
    }
}

/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
