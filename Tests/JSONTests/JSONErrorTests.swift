// What is refused, as what, and where.

import JSON
import Testing

@Suite("JSON errors")
struct JSONErrorTests {
    private func error(_ bytes: [UInt8], limits: JSONLimits = .standard) -> JSONError? {
        do throws(JSONError) {
            _ = try JSONDocument(bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "every fault has its kind and its offset",
        arguments: [
            ("", JSONError.Kind.empty, 0),
            ("  \n", .empty, 3),
            ("{", .invalidSyntax, 1),
            ("[1,2", .invalidSyntax, 4),
            ("[1,]", .invalidSyntax, 3),
            ("[1 2]", .invalidSyntax, 3),
            (#"{"a":1,}"#, .invalidSyntax, 7),
            (#"{"a" 1}"#, .invalidSyntax, 5),
            (#"{a:1}"#, .invalidSyntax, 1),
            (#"{"a":1]"#, .invalidSyntax, 6),
            ("[1}", .invalidSyntax, 2),
            ("1 2", .invalidSyntax, 2),
            ("{} x", .invalidSyntax, 3),
            ("[tru]", .invalidSyntax, 1),
            ("[nulL]", .invalidSyntax, 1),
            ("[falsey]", .invalidSyntax, 6),
            ("NaN", .invalidSyntax, 0),
            ("[01]", .invalidNumber, 1),
            ("[-]", .invalidNumber, 1),
            ("[1.]", .invalidNumber, 1),
            ("[1e]", .invalidNumber, 1),
            ("[1e999]", .invalidNumber, 1),
            ("[123456789012345678901234567890]", .invalidNumber, 1),
            ("\"abc", .invalidString, 0),
            ("[\"a\nb\"]", .invalidString, 3),
            (#"["a\x"]"#, .invalidString, 3),
            (#"["a\u12G4"]"#, .invalidString, 3),
            (#"["\ud800"]"#, .invalidString, 2),
            (#"["\ud800\u0041"]"#, .invalidString, 2),
            (#"["\udc00"]"#, .invalidString, 2),
        ])
    func faults(text: String, kind: JSONError.Kind, offset: Int) {
        #expect(error(Array(text.utf8)) == JSONError(kind, offset: offset))
    }

    @Test(
        "invalid UTF-8 is found where it starts",
        arguments: [
            ([0xFF], 2), ([0xC0, 0xAF], 2), ([0x61, 0xE3, 0x81], 3), ([0xED, 0xA0, 0x80], 2),
            ([0xF4, 0x90, 0x80, 0x80], 2),
        ] as [([UInt8], Int)])
    func invalidUTF8(bytes: [UInt8], offset: Int) {
        let text = Array("[\"".utf8) + bytes + Array("\"]".utf8)
        #expect(error(text) == JSONError(.invalidUTF8, offset: offset))
    }

    @Test("nesting is limited, in arrays and objects alike")
    func depth() {
        let limits = JSONLimits(depthMax: 5)
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let allowed = String(repeating: open, count: 4) + "[1]" + String(repeating: close, count: 4)
            #expect(error(Array(allowed.utf8), limits: limits) == nil)
            let refused = String(repeating: open, count: 5) + "[1]" + String(repeating: close, count: 5)
            #expect(
                error(Array(refused.utf8), limits: limits) == JSONError(.tooDeep, offset: 5 * open.utf8.count))
        }
        let hostile = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
        #expect(error(hostile) == JSONError(.tooDeep, offset: 64))
    }

    @Test("bytes and values are limited")
    func sizes() throws {
        let text = Array("[1,2,3]".utf8)
        #expect(error(text, limits: JSONLimits(bytesMax: 7)) == nil)
        #expect(error(text, limits: JSONLimits(bytesMax: 6)) == JSONError(.tooLarge, offset: 6))
        _ = try JSONValue(parsing: text, limits: JSONLimits(valuesMax: 4))
        #expect(throws: JSONError(.tooManyValues)) {
            _ = try JSONValue(parsing: text, limits: JSONLimits(valuesMax: 3))
        }
    }

    @Test("a text cut anywhere is refused, at its end or before")
    func cuts() {
        let text = Array(#"{"a":[1,-2.5e3,"x\u00e9😀",true,null,{"b":{}}]}"#.utf8)
        #expect(error(text) == nil)
        for count in 0..<text.count {
            guard let error = error(Array(text[..<count])) else {
                Issue.record("accepted the first \(count) bytes")
                continue
            }
            #expect((error.offset ?? .max) <= count)
        }
    }

    @Test("a document is parsed after a refused one as if nothing had been")
    func recovery() throws {
        for _ in 0..<10 {
            #expect(error(Array("[1,".utf8)) != nil)
            #expect(try JSONDocument(Array("[1]".utf8)).root[0]?.integer == 1)
        }
    }
}
