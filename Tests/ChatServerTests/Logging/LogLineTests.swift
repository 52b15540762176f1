// Golden log lines: a change of one is a change for everybody who parses them.

import Glibc
import Logging
import Testing

@testable import ChatServer

@Suite("Log lines")
struct LogLineTests {
    /// 2026-03-01T00:00:00.007Z.
    private static let time: Int64 = 1_772_323_200_007_000_000

    private func record(_ message: String, _ fields: [(name: String, value: Logger.MetadataValue)] = []) -> LogRecord {
        LogRecord(unixNanoseconds: Self.time, level: .info, logger: "chatd", message: message, fields: fields)
    }

    private func json(_ message: String, _ fields: [(name: String, value: Logger.MetadataValue)] = []) -> String {
        String(decoding: LogLine.json(record(message, fields)), as: UTF8.self)
    }

    private func text(_ message: String, _ fields: [(name: String, value: Logger.MetadataValue)] = []) -> String {
        String(decoding: LogLine.text(record(message, fields)), as: UTF8.self)
    }

    @Test("a JSON line")
    func jsonLine() {
        let fields: [(name: String, value: Logger.MetadataValue)] = [
            ("code", .stringConvertible(0)), ("idle", .stringConvertible(false)),
            ("level", "own"), ("list", ["a", .stringConvertible(1)]), ("method", "chat.v1.ChatService/Chat"),
            ("share", .stringConvertible(0.5)), ("timings", ["b": "2", "a": .stringConvertible(1)]),
        ]
        #expect(
            json("call", fields) == #"{"time":"2026-03-01T00:00:00.007Z","level":"info","logger":"chatd","#
                + #""message":"call","code":0,"idle":false,"_level":"own","list":["a",1],"#
                + #""method":"chat.v1.ChatService/Chat","share":0.5,"timings":{"a":1,"b":"2"}}"# + "\n")
    }

    @Test("a text line")
    func textLine() {
        let fields: [(name: String, value: Logger.MetadataValue)] = [
            ("code", .stringConvertible(0)), ("empty", ""), ("peer", "127.0.0.1:9"), ("why", #"say "no""#),
        ]
        #expect(
            text("call ended", fields)
                == "2026-03-01T00:00:00.007Z info    call ended code=0 empty=\"\" peer=127.0.0.1:9 "
                + "why=\"say \\\"no\\\"\"\n"
        )
    }

    @Test("nothing in a value breaks the line or steers a terminal")
    func injection() {
        let evil = "a\n\"b\"\\\u{1B}[31m\u{9B}\u{0}\u{7F}\r\t\u{E9}"
        let jsonText = json(evil, [("k\n", .string(evil))])
        #expect(jsonText.contains(#""message":"a\n\"b\"\\\u001b[31m"# + "\u{9B}" + #"\u0000\u007f\r\t"# + "\u{E9}\""))
        #expect(jsonText.contains(#""k\n":"#))
        let plain = text(evil, [("k", .string(evil))])
        #expect(plain.hasPrefix("2026-03-01T00:00:00.007Z info    a\\n\"b\"\\\\u{1b}[31m\\u{9b}\\u{00}\\u{7f}\\u{0d}"))
        for line in [jsonText, plain] {
            #expect(line.unicodeScalars.dropLast().allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
            #expect(line.utf8.last == UInt8(ascii: "\n"))
        }
    }

    @Test("what is too long is cut between characters, marked, and the line stays whole")
    func limits() {
        let long = String(repeating: "\u{1F600}", count: 5000)
        let quotes = String(repeating: "\"", count: 5000)
        let many: [(name: String, value: Logger.MetadataValue)] = (0..<200).map { ("field\($0)", .string(long)) }
        let nested = Logger.MetadataValue.array((0..<5000).map { .stringConvertible($0) })
        for (message, fields) in [(long, []), (quotes, many), ("a", many), ("a", [("list", nested)])] {
            let line = json(message, fields)
            #expect(line.utf8.count <= 4096)
            #expect(line.hasSuffix(",\"truncated\":true}\n"))
            #expect(!line.contains("\u{FFFD}"), "cut inside a character")
            #expect(line.utf8.filter { $0 == UInt8(ascii: "{") }.count == 1)
            let plain = text(message, fields)
            #expect(plain.utf8.count <= 4096)
            #expect(plain.hasSuffix(" ...\n") || fields.count == 1)
            #expect(!plain.contains("\u{FFFD}"))
        }
        #expect(!json("a", [("list", nested)]).contains("list"))
        #expect(LogLimits.headBytesMax < LogLimits.lineBytesMax)
        #expect(LogLimits.lineBytesMax == Int(PIPE_BUF))
    }

    @Test(
        "times",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_798_761_599_001, "2026-12-31T23:59:59.001Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func times(unixMilliseconds: Int64, text: String) {
        var bytes: [UInt8] = []
        Timestamp.append(unixMilliseconds * 1_000_000, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
}
