// Which stream ids a server must take, and what it answers on the others.

import ConformancePeer
import Testing

@Suite("Stream ids", .timeLimit(.minutes(2)))
struct StreamIDTests {
    @Test("odd ids may come in any order, and again when their call is done")
    func anyOrder() async throws {
        let ids: [UInt32] = [7, 3, 0x7FFF_FFFF, 5, 0xFFFF_FFFD, 1, 7, 7, 0xFFFF_FFFD]
        let answered = try await ScriptedServer.withPeer { _, peer in
            var answered: [UInt32] = []
            for id in ids { answered.append(try await peer.callFrame(id: id).id) }
            return answered
        }
        #expect(answered == ids)
    }

    @Test(
        "an even id, 0 and the connection's own id are refused on that id, and the connection lives",
        arguments: [0, 2, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF] as [UInt32])
    func notForCalls(id: UInt32) async throws {
        let (refused, next) = try await ScriptedServer.withPeer { _, peer in
            (try await peer.call(id: id, "Count", HandWritten.keyValue("3")), try await peer.callFrame(id: 1))
        }
        #expect(refused.code == 3)
        #expect(next.id == 1)
        #expect(next.outcome.code == 6)
    }

    @Test("a request on an id in use ends the call that has it; there is one answer")
    func inUse() async throws {
        let (refused, next) = try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h")))
            try await server.journal.untilNoted("hang h")
            let refused = try await peer.callFrame(id: 1)
            try await server.journal.untilNoted("cancelled h")
            return (refused, try await peer.callFrame(id: 1))
        }
        #expect(refused.id == 1)
        #expect(refused.outcome.code == 3)
        // The id is free again.
        #expect(next.outcome.code == 6)
    }

    @Test("data for a call that is done is dropped")
    func dataForFinishedCall() async throws {
        let next = try await ScriptedServer.withPeer { _, peer in
            _ = try await peer.callFrame(id: 5)
            await peer.send(HandWritten.frame(id: 5, type: 0x03, [1, 2, 3]))
            await peer.send(HandWritten.frame(id: 5, type: 0x03))
            await peer.send(HandWritten.frame(id: 5, type: 0x03, flags: 0x05))
            return try await peer.callFrame(id: 7)
        }
        #expect(next.id == 7)
    }

    @Test("data for a call that never was is refused on its id", arguments: [9, 2, 0] as [UInt32])
    func dataForNoCall(id: UInt32) async throws {
        let (refused, next) = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.frame(id: id, type: 0x03, [1, 2, 3]))
            return (try await peer.frame(), try await peer.callFrame(id: 1))
        }
        #expect(refused.id == id)
        #expect(refused.outcome.code == 3)
        #expect(next.id == 1)
    }

    @Test("an empty end for a call that never was is ignored", arguments: [9, 2, 0] as [UInt32])
    func endForNoCall(id: UInt32) async throws {
        let next = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.frame(id: id, type: 0x03, flags: 0x05))
            return try await peer.callFrame(id: 1)
        }
        #expect(next.id == 1)
    }
}
