// Lines out of files and pipes: where they end, and what is longer than it may be.

import Glibc
import Testing

@testable import chatctl

@Suite("Lines of an import")
struct LineReaderTests {
    /// Reads a text through a pipe, in pieces of so many bytes.
    private func lines(_ text: String, bytesMax: Int = 10, piece: Int = .max) throws -> [String?] {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (readEnd, writeEnd) = (ends[0], ends[1])
        defer { close(readEnd) }
        let reader = try LineReader("/proc/self/fd/\(readEnd)", bytesMax: bytesMax)
        var result: [String?] = []
        func take(_ line: LineReader.Line) {
            switch line {
            case .bytes(let bytes): result.append(String(decoding: bytes, as: UTF8.self))
            case .tooLong: result.append(nil)
            }
        }
        let bytes = Array(text.utf8)
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(piece))
            try #require(write(writeEnd, part, part.count) == part.count)
            rest = rest.dropFirst(part.count)
            // A whole line is there as soon as its end is.
            let isLineEnd = part.last == UInt8(ascii: "\n")
            if piece == 1, isLineEnd, let line = try reader.next() { take(line) }
        }
        close(writeEnd)
        while let line = try reader.next() { take(line) }
        return result
    }

    @Test("end at each line feed, the last one at the end, in pieces of every size", arguments: [1, 2, 3, 7, .max])
    func ends(piece: Int) throws {
        #expect(try lines("one\n\n세\nfour", piece: piece) == ["one", "", "세", "four"])
        #expect(try lines("one\n", piece: piece) == ["one"])
        #expect(try lines("", piece: piece) == [])
    }

    @Test("that are too long are read past, and the next one is whole", arguments: [1, 5, .max])
    func tooLong(piece: Int) throws {
        let long = String(repeating: "x", count: 11)
        let exact = String(repeating: "y", count: 10)
        #expect(
            try lines("a\n\(long)\n\(exact)\n\(long)\(long)\(long)\nb", piece: piece) == ["a", nil, exact, nil, "b"])
        #expect(try lines(long, piece: piece) == [nil])
    }

    @Test("a file that is not there is told")
    func missing() {
        #expect(throws: ProgramFailure.self) { _ = try LineReader("/no/such/file", bytesMax: 10) }
    }
}
