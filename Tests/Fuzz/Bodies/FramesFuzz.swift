// The frame decoder beside a model of it that sees all bytes at once: the same frames and the same end, however the
// bytes are cut.

@testable import Wire

enum FramesFuzz {
    private struct Seen: Equatable {
        var header: FrameHeader
        var payload: [UInt8] = []
        var isOversized = false
    }

    private struct Outcome: Equatable {
        var seen: [Seen] = []
        var error: WireError?
        var isInsideFrame = false
    }

    /// The first byte chooses the limit, the second the cuts; the rest is what a peer sends.
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let (choices, bytes) = input.split(after: 2)
        let limit = choices[0] == 0xFF ? WireLimits.payloadBytesMax : Int(choices[0]) + 1
        let expected = model(bytes, limit: limit)
        try require(decode([bytes], limit: limit) == expected, "the bytes in one piece are decoded as the model says")
        let pieces = Pieces.cut(bytes, seed: choices[1])
        try require(decode(pieces, limit: limit) == expected, "the bytes cut at \(pieces.map(\.count)) are, too")

        for stopAfter in [1, Int(choices[1] % 8)] where stopAfter > 0 && stopAfter <= expected.seen.count {
            let seen = decode([bytes], limit: limit, stopAfter: stopAfter).seen
            try require(seen == Array(expected.seen.prefix(stopAfter)), "decoding stops after frame \(stopAfter)")
        }
        var written: [UInt8] = []
        for frame in expected.seen.prefix(while: { !$0.isOversized }) {
            frame.header.append(to: &written)
            written += frame.payload
        }
        try require(bytes.starts(with: written), "frames that are written again are the bytes that were read")
    }

    /// What must come of `bytes`, by the protocol's text.
    private static func model(_ bytes: [UInt8], limit: Int) -> Outcome {
        var outcome = Outcome()
        var rest = bytes[...]
        while let first = rest.first {
            guard first == 0 else { return Outcome(seen: outcome.seen, error: .reservedLengthByte(first)) }
            let header = rest.prefix(WireLimits.headerBytes)
            guard header.count == WireLimits.headerBytes else {
                outcome.isInsideFrame = true
                break
            }
            let length =
                Int(header[header.startIndex + 1]) << 16 | Int(header[header.startIndex + 2]) << 8
                | Int(header[header.startIndex + 3])
            let payload = rest.dropFirst(WireLimits.headerBytes).prefix(length)
            outcome.isInsideFrame = payload.count < length
            let seen = FrameHeader(Array(header).span, at: 0)
            if length > limit {
                outcome.seen.append(Seen(header: seen, isOversized: true))
            } else if payload.count == length {
                outcome.seen.append(Seen(header: seen, payload: Array(payload)))
            }
            rest = rest.dropFirst(WireLimits.headerBytes + length)
        }
        return outcome
    }

    private static func decode(_ pieces: [[UInt8]], limit: Int, stopAfter: Int = .max) -> Outcome {
        var outcome = Outcome()
        var decoder = FrameDecoder(payloadBytesMax: limit)
        do throws(WireError) {
            for piece in pieces {
                try decoder.decode(piece.span) { header, payload in
                    var seen = Seen(header: header, payload: payload.withUnsafeBufferPointer(Array.init))
                    #if PLANTED_BUG
                        // The classic: a limit that leaves out what it names. The model above knows better.
                        if Int(header.length) >= limit { seen = Seen(header: header, isOversized: true) }
                    #endif
                    outcome.seen.append(seen)
                    return outcome.seen.count < stopAfter
                } oversized: { header in
                    outcome.seen.append(Seen(header: header, isOversized: true))
                    return outcome.seen.count < stopAfter
                }
            }
            outcome.isInsideFrame = decoder.isInsideFrame
        } catch {
            outcome.error = error
        }
        return outcome
    }
}
