// Server-sent events out of a response's bytes. Pure; used by the model providers and by MCP tools, on any thread.
// Lines are split as bytes and before anything looks at characters, so a chunk may end inside a code point.

/// One event: what stood between two empty lines.
package struct ServerSentEvent: Sendable, Equatable {
    /// The `event:` field; empty where there was none, which means a message.
    package var name: String
    /// The `data:` lines, joined by line feeds. Not checked to be UTF-8.
    package var data: [UInt8]

    package init(name: String = "", data: [UInt8]) {
        self.name = name
        self.data = data
    }
}

/// A stream of events that passed a limit of the parser.
package enum ServerSentEventError: Error, Sendable, Equatable {
    case lineTooLong
    case eventTooLarge
}

/// Takes bytes as they come and gives events when they are complete.
///
/// Lines end with CR, LF or CRLF. Comments, and fields without a use here, are read past: they make no event, so they
/// never count as content. A line `error: ...` makes an event named `error`, since llama.cpp's server reports failures
/// that way in builds of 2025 and before. What remains at the end of the stream counts as complete, since the same
/// server leaves out the last empty line.
package struct ServerSentEventParser: Sendable {
    /// Bytes of one line. One tool call with all its arguments comes in one line from some servers.
    package static let lineBytesMax = 1 << 20
    /// Bytes of one event's data, over all its lines.
    package static let eventBytesMax = 1 << 20

    private let lineBytesMax: Int
    private let eventBytesMax: Int
    /// Bytes fed and not yet taken as lines; the first `lineStart` are done with.
    private var buffer: [UInt8] = []
    private var lineStart = 0
    /// No line end stands before this place.
    private var scanned = 0
    /// The last line ended with CR: a line feed that follows belongs to it.
    private var skipsLineFeed = false
    private var isAtStart = true
    private var hasEnded = false

    private var name = ""
    private var data: [UInt8] = []
    private var hasData = false

    package init(lineBytesMax: Int = Self.lineBytesMax, eventBytesMax: Int = Self.eventBytesMax) {
        precondition(lineBytesMax > 0 && eventBytesMax > 0, "a limit of the event parser must be positive")
        self.lineBytesMax = lineBytesMax
        self.eventBytesMax = eventBytesMax
    }

    /// Adds bytes. Take all events with `next` before the next call, so that at most one line waits in here.
    package mutating func feed(_ bytes: [UInt8]) {
        precondition(!hasEnded, "bytes were fed to an event stream that had ended")
        if lineStart == buffer.count {
            buffer.removeAll(keepingCapacity: true)
        } else {
            buffer.removeFirst(lineStart)
        }
        scanned -= lineStart
        lineStart = 0
        buffer.append(contentsOf: bytes)
    }

    /// Says that no more bytes come; `next` then gives what remained.
    package mutating func end() { hasEnded = true }

    /// The next complete event; nil until more bytes come, and for good after `end`.
    ///
    /// - Throws: when a limit is passed; the parser is of no use after that.
    package mutating func next() throws(ServerSentEventError) -> ServerSentEvent? {
        while let line = try nextLine() {
            if let event = try take(line) { return event }
        }
        return hasEnded ? flush() : nil
    }

    // MARK: - Lines

    /// The range in `buffer` of the next complete line, without its end.
    private mutating func nextLine() throws(ServerSentEventError) -> Range<Int>? {
        if skipsLineFeed, scanned < buffer.count {
            skipsLineFeed = false
            if buffer[scanned] == 0x0A { skip(1) }
        }
        if isAtStart, !skipByteOrderMark() { return nil }
        while scanned < buffer.count {
            let byte = buffer[scanned]
            guard byte == 0x0A || byte == 0x0D else {
                scanned += 1
                continue
            }
            let line = lineStart..<scanned
            guard line.count <= lineBytesMax else { throw .lineTooLong }
            skip(1)
            skipsLineFeed = byte == 0x0D
            return line
        }
        guard scanned - lineStart <= lineBytesMax else { throw .lineTooLong }
        guard hasEnded, lineStart < buffer.count else { return nil }
        let line = lineStart..<buffer.count
        lineStart = buffer.count
        return line
    }

    private mutating func skip(_ count: Int) {
        scanned += count
        lineStart = scanned
    }

    /// Skips the mark that may start a stream; false while that is not decided.
    private mutating func skipByteOrderMark() -> Bool {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let start = buffer.prefix(mark.count)
        if start.count < mark.count, mark.starts(with: start), !hasEnded { return false }
        isAtStart = false
        if start.elementsEqual(mark) { skip(mark.count) }
        return true
    }

    // MARK: - Fields

    private mutating func take(_ line: Range<Int>) throws(ServerSentEventError) -> ServerSentEvent? {
        if line.isEmpty { return flush() }
        let colon = buffer[line].firstIndex(of: UInt8(ascii: ":")) ?? line.upperBound
        var value = min(colon + 1, line.upperBound)..<line.upperBound
        if let first = value.first, buffer[first] == 0x20 { value.removeFirst() }
        let field = buffer[line.lowerBound..<colon]
        if field.elementsEqual("data".utf8) {
            try append(value)
        } else if field.elementsEqual("event".utf8) {
            name = String(decoding: buffer[value], as: UTF8.self)
        } else if field.elementsEqual("error".utf8) {
            name = "error"
            try append(value)
        }
        return nil
    }

    private mutating func append(_ value: Range<Int>) throws(ServerSentEventError) {
        guard data.count + (hasData ? 1 : 0) + value.count <= eventBytesMax else { throw .eventTooLarge }
        if hasData { data.append(0x0A) }
        hasData = true
        data.append(contentsOf: buffer[value])
    }

    private mutating func flush() -> ServerSentEvent? {
        defer {
            name = ""
            data = []
            hasData = false
        }
        return hasData ? ServerSentEvent(name: name, data: data) : nil
    }
}
