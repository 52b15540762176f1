// Frame types beyond Request and Data: unknown ones are ignored everywhere, and the extensions answer as agreed.

import ConformancePeer
import Testing

@Suite("Frame types", .timeLimit(.minutes(2)))
struct FrameTypeTests {
    @Test(
        "an unknown type is ignored on an idle id, a call's id, an even id and the connection's",
        arguments: [0x00, 0x02, 0x05, 0x06, 0x7F, 0x81, 0x82, 0xFF] as [UInt8])
    func unknownType(type: UInt8) async throws {
        let frames = try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Gate", HandWritten.keyValue("g")))
            try await server.journal.untilNoted("gate g")
            for id in [3, 1, 2, 0, 0xFFFF_FFFF] as [UInt32] {
                await peer.send(HandWritten.frame(id: id, type: type))
                await peer.send(HandWritten.frame(id: id, type: type, flags: 0xFF, [1, 2, 3]))
            }
            let next = try await peer.callFrame(id: 5)
            server.methods.open("g")
            return [next, try await peer.frame()]
        }
        #expect(frames.map(\.id) == [5, 1])
        #expect(frames[1].outcome.pair == ["g"])
    }

    @Test("PING is answered by PONG with the same payload")
    func ping() async throws {
        let bytes = try await ScriptedServer.withPeer { _, peer in
            await peer.send(hex("00 00 00 04  ff ff ff ff  04 00  de ad be ef"))
            await peer.send(hex("00 00 00 00  ff ff ff ff  04 00"))
            return try await peer.read(24)
        }
        #expect(bytes == hex("00 00 00 04  ff ff ff ff  05 00  de ad be ef") + hex("00 00 00 00  ff ff ff ff  05 00"))
    }

    @Test("a PING of more than 64 bytes is ignored")
    func largePing() async throws {
        let frames = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.frame(id: 0xFFFF_FFFF, type: 0x04, [UInt8](repeating: 7, count: 65)))
            await peer.send(HandWritten.frame(id: 0xFFFF_FFFF, type: 0x04, [UInt8](repeating: 7, count: 64)))
            return [try await peer.frame(), try await peer.callFrame(id: 1)]
        }
        #expect(frames[0] == RawFrame(id: 0xFFFF_FFFF, type: 0x05, [UInt8](repeating: 7, count: 64)))
        #expect(frames[1].id == 1)
    }

    @Test("CANCEL on a call's id is answered CANCELLED; later frames for it are dropped")
    func cancel() async throws {
        let frames = try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, flags: 0x02, "Steps", HandWritten.keyValue("s")))
            try await server.journal.untilNoted("gate s")
            await peer.send(hex("00 00 00 00  00 00 00 01  80 00"))
            try await server.journal.untilNoted("cancelled s")
            await peer.send(hex("00 00 00 00  00 00 00 01  80 00"))
            await peer.send(hex("00 00 00 00  00 00 00 01  03 05"))
            await peer.send(hex("00 00 00 02  00 00 00 01  03 00  0a 00"))
            return [try await peer.frame(), try await peer.frame(), try await peer.callFrame(id: 3)]
        }
        #expect(frames.map(\.id) == [1, 1, 3])
        #expect(frames.map(\.type) == [0x03, 0x02, 0x02])
        #expect(frames[1].outcome.code == 1)
    }

    @Test("CANCEL for no call is ignored", arguments: [1, 2, 0, 0xFFFF_FFFF] as [UInt32])
    func cancelOfNothing(id: UInt32) async throws {
        let next = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.frame(id: id, type: 0x80))
            return try await peer.callFrame(id: 3)
        }
        #expect(next.id == 3)
    }
}
