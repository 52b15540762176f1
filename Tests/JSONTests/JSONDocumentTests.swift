// Look-ups in parsed documents: kinds, paths, strings, numbers.

import JSON
import Testing

@Suite("JSON document")
struct JSONDocumentTests {
    private func root(_ text: String) throws -> JSONElement {
        try JSONDocument(Array(text.utf8)).root
    }

    @Test("a path look-up reaches into a stream's chunk without a tree")
    func path() throws {
        let chunk = try root(
            #"{"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}]}"#
        )
        let choice = chunk["choices"]?[0]
        #expect(choice?["delta"]?["content"]?.string == "Hel")
        #expect(choice?["finish_reason"]?.isNull == true)
        #expect(choice?["index"]?.integer == 0)
        #expect(chunk["choices"]?[1] == nil)
        #expect(chunk["choices"]?[-1] == nil)
        #expect(chunk["choices"]?["delta"] == nil)
        #expect(chunk["absent"]?["content"] == nil)
        #expect(chunk["id"]?[0] == nil)
    }

    @Test("a walk stops at the named members only, in the text's order, duplicates too")
    func namedMembers() throws {
        let names = JSONNames("content", "role", "refusal")
        func found(_ element: JSONElement?) -> [String] {
            var found: [String] = []
            element?.forEachMember(named: names) { found.append("\($0)=\($1.string ?? "null")") }
            return found
        }
        let text = #"""
            {"a":{"role":"r","x":[{"content":"inner"}],"content":"c","roles":"s","rol":"t","content":null},
             "b":{},"c":["content"],"d":{"refusal":"end"}}
            """#
        let element = try root(text)
        #expect(found(element["a"]) == ["1=r", "0=c", "0=null"])
        #expect(found(element["b"]).isEmpty)
        #expect(found(element["c"]).isEmpty)
        #expect(found(element["d"]) == ["2=end"])
        #expect(found(element).isEmpty)
    }

    @Test("an element keeps its document alive, and other documents do not disturb it")
    func lifetime() throws {
        let first = try root(#"{"text":"first"}"#)
        var others: [JSONElement] = []
        for number in 0..<20 { others.append(try root("{\"text\":\"\(number)\"}")) }
        #expect(first["text"]?.string == "first")
        #expect(others.map { $0["text"]?.string } == (0..<20).map { "\($0)" })
    }

    @Test(
        "kinds",
        arguments: [
            ("null", JSONElement.Kind.null), ("true", .bool), ("-3", .integer), ("18446744073709551615", .integer),
            ("1.5", .double), ("\"\"", .string), ("[]", .array), ("{}", .object), (" \r\n\t[ ] ", .array),
        ])
    func kinds(text: String, kind: JSONElement.Kind) throws {
        #expect(try root(text).kind == kind)
    }

    @Test(
        "strings and their escapes",
        arguments: [
            (#""a\"\\\/\b\f\n\r\tb""#, "a\"\\/\u{8}\u{c}\n\r\tb"),
            (#""\u0041\u00e9\uD83D\ude00""#, "Aé😀"),
            (#""a\u0000b""#, "a\u{0}b"),
            ("\"한국어 😀 \u{2028}\u{7f}\"", "한국어 😀 \u{2028}\u{7f}"),
            ("\"\"", ""),
        ])
    func strings(text: String, expected: String) throws {
        #expect(try root(text).string == expected)
        #expect(try root(text).withUTF8 { Array($0) } == Array(expected.utf8))
    }

    @Test("numbers keep 64 bits, and doubles without a fraction count as integers")
    func numbers() throws {
        #expect(try root("-9223372036854775808").integer == Int.min)
        #expect(try root("9223372036854775807").integer == Int.max)
        #expect(try root("9223372036854775808").integer == nil)
        #expect(try root("9223372036854775808").double == 9_223_372_036_854_775_808)
        #expect(try root("1e3").integer == 1000)
        #expect(try root("1.25").integer == nil)
        #expect(try root("0.1").double == 0.1)
        #expect(try root("5e-324").double == .leastNonzeroMagnitude)
        #expect(try root("-0.0").double?.sign == .minus)
        #expect(try root("\"1\"").integer == nil)
    }

    @Test("members come in the text's order, with duplicates; a look-up finds the first")
    func members() throws {
        let object = try root(#"{"b":1,"a":2,"b":3}"#)
        let members = try #require(object.members)
        #expect(members.map(\.key) == ["b", "a", "b"])
        #expect(members.map { $0.value.integer } == [1, 2, 3])
        #expect(object["b"]?.integer == 1)
        #expect(object.elements == nil)
        #expect(try root("[1]").members == nil)
        #expect(try root("[1,[2],3]").elements?.map(\.kind) == [.integer, .array, .integer])
    }

    @Test("a text of any length parses, whatever follows it in memory")
    func lengths() throws {
        for count in 0..<200 {
            let text = String(repeating: "x", count: count)
            #expect(try root("[\"\(text)\"]")[0]?.string == text)
        }
    }
}
