// The frame decoder, fed every frame split at every byte, and what it must refuse.

import Testing

@testable import Wire

@Suite("Frame decoder")
struct FrameDecoderTests {
    /// A frame as it came out, or the header of one that was too large.
    struct Seen: Equatable {
        var header: FrameHeader
        var payload: [UInt8]
        var isOversized = false
    }

    private func bytes(_ header: FrameHeader, _ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        header.append(to: &bytes)
        return bytes + payload
    }

    private func frame(
        _ id: UInt32, _ payload: [UInt8], type: FrameType = .request, flags: FrameFlags = []
    ) -> (Seen, [UInt8]) {
        let header = FrameHeader(
            length: payload.count, streamID: StreamID(rawValue: id), type: type, flags: flags)
        return (Seen(header: header, payload: payload), bytes(header, payload))
    }

    private func decode(_ pieces: [[UInt8]], payloadBytesMax: Int = 1024) throws -> [Seen] {
        var decoder = FrameDecoder(payloadBytesMax: payloadBytesMax)
        var seen: [Seen] = []
        for piece in pieces {
            try decoder.decode(piece.span) { header, payload in
                seen.append(Seen(header: header, payload: payload.withUnsafeBufferPointer { Array($0) }))
                return true
            } oversized: { header in
                seen.append(Seen(header: header, payload: [], isOversized: true))
                return true
            }
        }
        return seen
    }

    @Test("writes a header as ttrpc does, big-endian")
    func headerBytes() {
        let header = FrameHeader(
            length: 0x0102, streamID: StreamID(rawValue: 0xA1B2_C3D5), type: .data, flags: .streamEnd)
        #expect(bytes(header, []) == [0, 0, 1, 2, 0xA1, 0xB2, 0xC3, 0xD5, 3, 5])
    }

    @Test("finds the same frames wherever the bytes are cut")
    func everySplit() throws {
        let frames = [
            frame(1, [1, 2, 3]), frame(3, []), frame(0xFFFF_FFFF, [9], type: .ping),
            frame(5, Array(0..<40), type: .data, flags: .remoteClosed), frame(1, [], type: .cancel),
        ]
        let expected = frames.map(\.0)
        let stream = frames.flatMap(\.1)
        for cut in 0...stream.count {
            #expect(try decode([Array(stream[..<cut]), Array(stream[cut...])]) == expected)
        }
        #expect(try decode(stream.map { [$0] }) == expected)
        for size in 2...17 {
            let pieces = stride(from: 0, to: stream.count, by: size).map {
                Array(stream[$0..<min($0 + size, stream.count)])
            }
            #expect(try decode(pieces) == expected)
        }
    }

    @Test("reads past a frame above the limit, at every cut, and goes on")
    func oversized() throws {
        let large = frame(7, [UInt8](repeating: 1, count: 65))
        let good = frame(9, [4, 5])
        let expected = [Seen(header: large.0.header, payload: [], isOversized: true), good.0]
        let stream = large.1 + good.1
        for cut in 0...stream.count {
            let seen = try decode([Array(stream[..<cut]), Array(stream[cut...])], payloadBytesMax: 64)
            #expect(seen == expected)
        }
        #expect(
            try decode([frame(7, [UInt8](repeating: 1, count: 64)).1], payloadBytesMax: 64).first?.payload.count == 64)
    }

    @Test("refuses a length whose first byte is set, at every cut")
    func reservedByte() throws {
        let stream: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 1, 1, 0]
        for cut in 0...stream.count {
            #expect(throws: WireError.reservedLengthByte(1)) {
                try decode([Array(stream[..<cut]), Array(stream[cut...])])
            }
        }
    }

    @Test("hands on unknown types and flags as they are")
    func unknownTypes() throws {
        let odd = frame(1, [1], type: FrameType(rawValue: 0x77), flags: FrameFlags(rawValue: 0xF8))
        #expect(try decode([odd.1]) == [odd.0])
    }

    @Test("stops at once when told, and knows that it is inside a frame")
    func stops() throws {
        var decoder = FrameDecoder()
        let stream = frame(1, [1]).1 + frame(3, [2]).1
        var count = 0
        try decoder.decode(stream.span) { _, _ in
            count += 1
            return false
        } oversized: { _ in
            true
        }
        #expect(count == 1)
        #expect(!decoder.isInsideFrame)
        try decoder.decode([UInt8](repeating: 0, count: 4).span) { _, _ in
            true
        } oversized: { _ in
            true
        }
        #expect(decoder.isInsideFrame)
    }

    @Test("counts ids by two and ends before the connection's own id")
    func streamIDs() {
        var ids = StreamIDSequence()
        #expect((0..<3).compactMap { _ in ids.take()?.rawValue } == [1, 3, 5])
        #expect(!StreamID.connection.isCall)
        #expect(!StreamID(rawValue: 0).isCall)
        #expect(!StreamID(rawValue: 2).isCall)
    }

    @Test("status codes are gRPC's seventeen", arguments: zip(StatusCode.allCases, 0...16))
    func codes(code: StatusCode, number: Int) {
        #expect(code.rawValue == Int32(number))
    }
}
