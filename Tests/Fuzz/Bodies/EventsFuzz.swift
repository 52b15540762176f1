// The parser of server-sent events beside a model of it that sees all bytes at once, however the bytes are cut.

@testable import HTTPClient

enum EventsFuzz {
    private struct Outcome: Equatable {
        var events: [ServerSentEvent] = []
        var error: ServerSentEventError?
    }

    /// The first byte chooses the limits, the second the cuts; the rest is the stream.
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let (choices, bytes) = input.split(after: 2)
        let lineBytesMax = Int(choices[0] & 0x3F) + 1
        let eventBytesMax = Int(choices[0] >> 6) * 16 + 16
        let expected = model(bytes, lineBytesMax, eventBytesMax)
        try require(
            parse([bytes], lineBytesMax, eventBytesMax) == expected, "one piece makes the model's events: \(expected)")
        let pieces = Pieces.cut(bytes, seed: choices[1])
        try require(
            parse(pieces, lineBytesMax, eventBytesMax) == expected,
            "the bytes cut at \(pieces.map(\.count)) make the model's events: \(expected)")
    }

    private static func parse(_ pieces: [[UInt8]], _ lineBytesMax: Int, _ eventBytesMax: Int) -> Outcome {
        var outcome = Outcome()
        var parser = ServerSentEventParser(lineBytesMax: lineBytesMax, eventBytesMax: eventBytesMax)
        do throws(ServerSentEventError) {
            for piece in pieces {
                parser.feed(piece)
                while let event = try parser.next() { outcome.events.append(event) }
            }
            parser.end()
            while let event = try parser.next() { outcome.events.append(event) }
        } catch {
            outcome.error = error
        }
        return outcome
    }

    // MARK: - The model

    private static func model(_ bytes: [UInt8], _ lineBytesMax: Int, _ eventBytesMax: Int) -> Outcome {
        var outcome = Outcome()
        var name = ""
        var data: [UInt8]?
        for line in lines(bytes) + [[]] {
            guard line.count <= lineBytesMax else {
                outcome.error = .lineTooLong
                return outcome
            }
            if line.isEmpty {
                if let data { outcome.events.append(ServerSentEvent(name: name, data: data)) }
                name = ""
                data = nil
                continue
            }
            let (field, value) = parts(line)
            switch String(decoding: field, as: UTF8.self) {
            case "event": name = String(decoding: value, as: UTF8.self)
            case "error", "data":
                if field.elementsEqual("error".utf8) { name = "error" }
                data = data.map { $0 + [0x0A] + value } ?? Array(value)
                guard data?.count ?? 0 <= eventBytesMax else {
                    outcome.error = .eventTooLarge
                    return outcome
                }
            default: break
            }
        }
        return outcome
    }

    /// The lines, without a byte order mark and without an empty one at the end.
    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        var isAfterReturn = false
        for byte in bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...] {
            defer { isAfterReturn = byte == 0x0D }
            if byte == 0x0A, isAfterReturn { continue }
            if byte == 0x0A || byte == 0x0D {
                lines.append([])
            } else {
                lines[lines.count - 1].append(byte)
            }
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func parts(_ line: [UInt8]) -> (field: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        let field = line.prefix { $0 != UInt8(ascii: ":") }
        var value = line.dropFirst(field.count + 1)
        if value.first == 0x20 { value = value.dropFirst() }
        return (field, value)
    }
}
