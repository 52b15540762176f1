// Server-sent events: golden streams, split at every byte, and the limits.

import Testing

@testable import HTTPClient

@Suite("Server-sent events")
struct ServerSentEventsTests {
    /// All events of a stream that comes in these pieces.
    private func events(_ pieces: [[UInt8]]) throws -> [ServerSentEvent] {
        var parser = ServerSentEventParser()
        var events: [ServerSentEvent] = []
        for piece in pieces {
            parser.feed(piece)
            while let event = try parser.next() { events.append(event) }
        }
        parser.end()
        while let event = try parser.next() { events.append(event) }
        return events
    }

    private func message(_ text: String, name: String = "") -> ServerSentEvent {
        ServerSentEvent(name: name, data: Array(text.utf8))
    }

    private static let streams: [(name: String, stream: String, events: [ServerSentEvent])] = [
        ("line feeds", "data: a\n\ndata: b\n\n", [event("a"), event("b")]),
        ("carriage returns", "data: a\r\rdata: b\r\r", [event("a"), event("b")]),
        ("both", "data: a\r\n\r\ndata: b\r\n\r\n", [event("a"), event("b")]),
        ("a mixture", "data: a\r\n\rdata: b\n\r\n", [event("a"), event("b")]),
        (
            "no space, one space, two spaces", "data:a\n\ndata: a\n\ndata:  a\n\n",
            [event("a"), event("a"), event(" a")]
        ),
        ("several data lines", "data: a\ndata:\ndata: b\n\n", [event("a\n\nb")]),
        ("comments make no event", ": OPENROUTER PROCESSING\n\n:\n\n: keep-alive\ndata: a\n\n:\n\n", [event("a")]),
        ("empty lines make no event", "\n\n\r\n\r\rdata: a\n\n\n\n", [event("a")]),
        ("empty data is an event", "data\n\ndata:\n\n", [event(""), event("")]),
        ("a name belongs to one event", "event: ping\ndata: {}\n\ndata: a\n\n", [event("{}", "ping"), event("a")]),
        ("a name alone makes no event", "event: ping\n\ndata: a\n\n", [event("a")]),
        ("other fields are read past", "id: 7\nretry: 10\nnonsense\n: c\ndata: a\n\n", [event("a")]),
        ("a colon in the value stays", "data: {\"a\": \"b:c\"}\n\n", [event("{\"a\": \"b:c\"}")]),
        ("no empty line at the end", "data: a\n\ndata: [DONE]", [event("a"), event("[DONE]")]),
        ("one line end at the end", "data: a\n\ndata: [DONE]\n", [event("a"), event("[DONE]")]),
        ("a field named error", "error: {\"code\":400}\n\n", [event("{\"code\":400}", "error")]),
        ("a byte order mark", "\u{feff}data: a\n\n", [event("a")]),
        ("characters of every length", "data: é한😀\u{0}\n\n", [event("é한😀\u{0}")]),
        ("nothing", "", []),
    ]

    private static func event(_ text: String, _ name: String = "") -> ServerSentEvent {
        ServerSentEvent(name: name, data: Array(text.utf8))
    }

    @Test("golden streams, whole, split at every byte, and byte by byte", arguments: streams.indices)
    func golden(index: Int) throws {
        let (name, stream, expected) = Self.streams[index]
        let bytes = Array(stream.utf8)
        #expect(try events([bytes]) == expected, "\(name)")
        for split in 0...bytes.count {
            let found = try events([Array(bytes[..<split]), Array(bytes[split...])])
            #expect(found == expected, "\(name), split at \(split)")
        }
        #expect(try events(bytes.map { [$0] }) == expected, "\(name), byte by byte")
    }

    @Test("an event comes out as soon as its empty line is in, and not before")
    func promptness() throws {
        var parser = ServerSentEventParser()
        parser.feed(Array("data: a\n".utf8))
        #expect(try parser.next() == nil)
        parser.feed(Array("\n".utf8))
        #expect(try parser.next() == message("a"))
        parser.feed(Array("data: b\r\n\r".utf8))
        #expect(try parser.next() == message("b"))
        parser.feed(Array("\ndata: c\r\r".utf8))
        #expect(try parser.next() == message("c"))
        #expect(try parser.next() == nil)
    }

    @Test("a line has a limit, whether its end came or not")
    func lineLimit() throws {
        for ending in ["", "\n"] {
            var parser = ServerSentEventParser(lineBytesMax: 16, eventBytesMax: 1000)
            parser.feed(Array("data: 0123456789\n\n".utf8))
            #expect(try parser.next() == message("0123456789"))
            parser.feed(Array("data: 0123456789X\(ending)".utf8))
            #expect(throws: ServerSentEventError.lineTooLong) { try parser.next() }
        }
    }

    @Test("an event has a limit over all its lines")
    func eventLimit() throws {
        var parser = ServerSentEventParser(lineBytesMax: 100, eventBytesMax: 10)
        parser.feed(Array("data: 01234567\n\n".utf8))
        #expect(try parser.next() == message("01234567"))
        parser.feed(Array("data: 01234\ndata: 56789\n\n".utf8))
        #expect(throws: ServerSentEventError.eventTooLarge) { try parser.next() }
    }

    @Test("random bytes never trap and never make more than they are", arguments: 0..<100)
    func randomBytes(seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var bytes: [UInt8] = []
        for _ in 0..<400 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let alphabet = Array("data: \n\r:event\u{0}x".utf8) + [0xEF, 0xBB, 0xBF]
            bytes.append(alphabet[Int(state % UInt64(alphabet.count))])
        }
        let whole = try events([bytes])
        #expect(try events(bytes.map { [$0] }) == whole)
        #expect(whole.reduce(0) { $0 + $1.data.count } <= bytes.count)
    }
}
