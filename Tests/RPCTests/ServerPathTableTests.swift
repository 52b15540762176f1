// The look-up of methods by the bytes of their path.

import Testing

@testable import RPC

@Suite("Path table")
struct ServerPathTableTests {
    private func expectInsert(
        _ value: Int, _ path: String, into table: inout PathTable<Int>, isNew: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let isInserted = table.insert(value, path: path)
        #expect(isInserted == isNew, sourceLocation: sourceLocation)
    }

    private func found(_ table: PathTable<Int>, _ path: String) -> Int? {
        let bytes = Array(path.utf8)
        return table[bytes.span]
    }

    @Test("finds what was inserted and nothing else")
    func finds() {
        var table = PathTable<Int>()
        #expect(found(table, "") == nil)
        let paths = ["a.B/C", "a.B/D", "a.B/", "/C", "", "a.B/C\u{0}", "\u{D55C}/\u{AE00}"]
        for (index, path) in paths.enumerated() { expectInsert(index, path, into: &table) }
        for (index, path) in paths.enumerated() { #expect(found(table, path) == index) }
        for path in ["a.B/c", "a.B", "a.B/C ", "a.B/CC", "\u{D55C}/"] { #expect(found(table, path) == nil) }
    }

    @Test("refuses a path twice and keeps the first value")
    func refusesTwice() {
        var table = PathTable<Int>()
        expectInsert(1, "a/b", into: &table)
        expectInsert(2, "a/b", into: &table, isNew: false)
        #expect(found(table, "a/b") == 1)
    }

    @Test("finds each of a thousand seeded paths while it grows")
    func grows() {
        var random = SeededNumbers(seed: 3)
        var table = PathTable<Int>()
        var known: [String: Int] = [:]
        for number in 0..<1000 {
            let letters = (0..<Int.random(in: 1..<12, using: &random)).map { _ in
                "ab/.".randomElement(using: &random) ?? "a"
            }
            let path = String(letters)
            expectInsert(number, path, into: &table, isNew: known[path] == nil)
            known[path] = known[path] ?? number
        }
        for (path, number) in known { #expect(found(table, path) == number) }
        #expect(found(table, "abc") == nil)
    }

    @Test("looks into a part of a larger buffer")
    func part() {
        var table = PathTable<Int>()
        expectInsert(1, "b/c", into: &table)
        let bytes = Array("xb/cx".utf8)
        #expect(table[bytes.span.extracting(1..<4)] == 1)
        #expect(table[bytes.span] == nil)
    }
}
