// Server-sent events out of a response's bytes. Pure; used by the model providers and by MCP tools, on any thread.
// Lines are split as bytes and before anything looks at characters, so a chunk may end inside a code point.

internal import Glibc

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
    /// The first line feed at or after `scanned`, or where to look for it once there are more bytes.
    private var lineFeed = 0
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
        lineFeed = max(0, lineFeed - lineStart)
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
        if let end = nextLineEnd() {
            let line = lineStart..<end
            guard line.count <= lineBytesMax else { throw .lineTooLong }
            scanned = end
            skip(1)
            skipsLineFeed = buffer[end] == 0x0D
            return line
        }
        scanned = buffer.count
        guard scanned - lineStart <= lineBytesMax else { throw .lineTooLong }
        guard hasEnded, lineStart < buffer.count else { return nil }
        let line = lineStart..<buffer.count
        lineStart = buffer.count
        return line
    }

    /// The first line feed or carriage return at or after `scanned`. Each byte is looked at once for either.
    private mutating func nextLineEnd() -> Int? {
        lineFeed = max(lineFeed, scanned)
        if lineFeed == buffer.count || buffer[lineFeed] != 0x0A {
            lineFeed = place(of: 0x0A, in: lineFeed..<buffer.count) ?? buffer.count
        }
        if let carriageReturn = place(of: 0x0D, in: scanned..<lineFeed) { return carriageReturn }
        return lineFeed < buffer.count ? lineFeed : nil
    }

    /// The first such byte in a part of the buffer.
    private func place(of byte: UInt8, in range: Range<Int>) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard !range.isEmpty, let base = bytes.baseAddress else { return nil }
            return memchr(base + range.lowerBound, Int32(byte), range.count).map { UnsafeRawPointer($0) - base }
        }
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
        let colon = place(of: UInt8(ascii: ":"), in: line) ?? line.upperBound
        var value = min(colon + 1, line.upperBound)..<line.upperBound
        if let first = value.first, buffer[first] == 0x20 { value.removeFirst() }
        let field = line.lowerBound..<colon
        if isEqual(field, "data") {
            try append(value)
        } else if isEqual(field, "event") {
            name = String(decoding: buffer[value], as: UTF8.self)
        } else if isEqual(field, "error") {
            name = "error"
            try append(value)
        }
        return nil
    }

    private func isEqual(_ field: Range<Int>, _ name: StaticString) -> Bool {
        guard field.count == name.utf8CodeUnitCount else { return false }
        return buffer.withUnsafeBytes { bytes in
            bytes.baseAddress.map { memcmp($0 + field.lowerBound, name.utf8Start, field.count) == 0 } ?? field.isEmpty
        }
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
