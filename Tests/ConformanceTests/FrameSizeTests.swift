// Frames at and beyond the limits: what is read past, what is refused, and what ends the connection.

import ConformancePeer
import Testing

@testable import RPC

@Suite("Frame sizes", .timeLimit(.minutes(2)))
struct FrameSizeTests {
    private static let limit = 1 << 20

    /// An Echo request whose frame's payload has exactly `size` bytes.
    private func echo(id: UInt32, size: Int) -> [UInt8] {
        // Three bytes less for each of the two lengths, which take three bytes from 16 KiB on.
        let head = HandWritten.envelope(service: ScriptedMethods.echoService, method: "Echo")
        let text = [UInt8](repeating: 0x61, count: size - head.count - 8)
        let payload = head + HandWritten.field(3, HandWritten.field(1, text))
        precondition(payload.count == size, "the size is right")
        return HandWritten.frame(id: id, type: 0x01, payload)
    }

    @Test("a frame of exactly the limit is served")
    func atTheLimit() async throws {
        let frame = try await ScriptedServer.withPeer { _, peer in
            await peer.send(echo(id: 1, size: Self.limit))
            return try await peer.frame()
        }
        #expect(frame.type == 0x02)
        #expect(frame.outcome.code == 0)
        #expect(frame.payload.count > Self.limit - 64)
    }

    @Test(
        "a larger frame is read past and refused, while another call of the connection goes on",
        arguments: [(1 << 20) + 1, 4 << 20, (4 << 20) + 1, (16 << 20) - 1])
    func beyondTheLimit(size: Int) async throws {
        let frames = try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Gate", HandWritten.keyValue("g")))
            try await server.journal.untilNoted("gate g")
            await peer.send(HandWritten.frame(id: 3, type: 0x01, [UInt8](repeating: 0x0A, count: size)))
            let refused = try await peer.frame()
            let next = try await peer.callFrame(id: 5)
            server.methods.open("g")
            return [refused, next, try await peer.frame()]
        }
        #expect(frames.map(\.id) == [3, 5, 1])
        #expect(frames[0].outcome.code == 8)
        #expect(frames[0].outcome.reason == "FRAME_TOO_LARGE")
        #expect(frames[1].outcome.code == 6)
        #expect(frames[2].outcome.pair == ["g"])
    }

    @Test("the refusal does not wait for the rest of the frame, nor for its last byte")
    func refusedEarly() async throws {
        let refused = try await ScriptedServer.withPeer { _, peer in
            await peer.send(hex("00 ff ff ff  00 00 00 03  01 00"))
            return try await peer.frame()
        }
        #expect(refused.outcome.code == 8)
    }

    @Test("an oversized data frame ends its call, and is dropped for a call that is done")
    func oversizedData() async throws {
        let large = [UInt8](repeating: 0, count: 2 << 20)
        let frames = try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h")))
            try await server.journal.untilNoted("hang h")
            await peer.send(HandWritten.frame(id: 1, type: 0x03, large))
            let refused = try await peer.frame()
            try await server.journal.untilNoted("cancelled h")
            await peer.send(HandWritten.frame(id: 1, type: 0x03, large))
            return [refused, try await peer.callFrame(id: 3)]
        }
        #expect(frames.map(\.id) == [1, 3])
        #expect(frames[0].outcome.code == 8)
    }

    @Test(
        "an oversized frame of a type without calls is read past in silence", arguments: [0x02, 0x04, 0x77] as [UInt8])
    func oversizedUnknown(type: UInt8) async throws {
        let next = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.frame(id: 1, type: type, [UInt8](repeating: 0, count: 2 << 20)))
            return try await peer.callFrame(id: 3)
        }
        #expect(next.id == 3)
    }

    @Test("a reply beyond the limit is RESOURCE_EXHAUSTED instead")
    func largeReply() async throws {
        let (refused, next) = try await ScriptedServer.withPeer { _, peer in
            (
                try await peer.call(id: 1, "Large", HandWritten.keyValue(String(Self.limit))),
                try await peer.callFrame(id: 3)
            )
        }
        #expect(refused.code == 8)
        #expect(refused.reason == "FRAME_TOO_LARGE")
        #expect(next.id == 3)
    }

    @Test(
        "a first length byte other than zero ends the connection without an answer",
        arguments: [0x01, 0x7F, 0xFF] as [UInt8])
    func reservedByte(first: UInt8) async throws {
        let rest = try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h")))
            try await server.journal.untilNoted("hang h")
            await peer.send([first] + hex("00 00 00  00 00 00 03  01 00"))
            try await server.journal.untilNoted("cancelled h")
            return try await peer.end()
        }
        #expect(rest == [])
    }

    @Test("a configured limit is kept")
    func configuredLimit() async throws {
        var limits = ServerLimits()
        limits.payloadBytesMax = 20_000
        let outcomes = try await ScriptedServer.withPeer(limits: limits) { _, peer in
            var outcomes: [RawOutcome] = []
            for (index, size) in [20_000, 20_001].enumerated() {
                await peer.send(echo(id: UInt32(2 * index + 1), size: size))
                outcomes.append(try await peer.frame().outcome)
            }
            return outcomes
        }
        #expect(outcomes.map(\.code) == [0, 8])
    }
}
