// The time limits of a connection, shortened, and the extensions that keep it alive.

import ConformancePeer
import Testing

@testable import RPC

@Suite("Time limits of a connection", .timeLimit(.minutes(2)))
struct ServerTimeLimitTests {
    private static let ping = RawFrame(id: 0xFFFF_FFFF, type: 0x04)
    private static let pong = HandWritten.frame(id: 0xFFFF_FFFF, type: 0x05)

    /// Connections are looked over often, and all other limits are far away.
    private func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        limits.sweepInterval = .milliseconds(20)
        change(&limits)
        return limits
    }

    /// Makes the connection one that knows the extensions.
    private func introduce(_ peer: RawPeer) async throws {
        await peer.send(hex("00 00 00 00  ff ff ff ff  04 00"))
        #expect(try await peer.frame() == RawFrame(id: 0xFFFF_FFFF, type: 0x05))
    }

    @Test(
        "a frame that takes too long ends the connection",
        arguments: [
            "00", "00 00 00 28  00 00 00 01  01", "00 00 00 28  00 00 00 01  01 00  0a",
            "00 ff ff ff  00 00 00 02  77 00 00",
        ])
    func frameTimeout(bytes: String) async throws {
        let limits = limits { $0.frameTimeout = .milliseconds(50) }
        let rest = try await ScriptedServer.withPeer(limits: limits) { _, peer in
            await peer.send(hex(bytes))
            return try await peer.end()
        }
        #expect(rest == [])
    }

    @Test("the frame's time begins anew with each frame, also when every read ends within one")
    func frameTimeoutPerFrame() async throws {
        let limits = limits { $0.frameTimeout = .milliseconds(2500) }
        try await ScriptedServer.withPeer(limits: limits) { _, peer in
            let request = HandWritten.request(id: 1, "Fail", HandWritten.keyValue("6"))
            let (front, back) = (Array(request.prefix(20)), Array(request.dropFirst(20)))
            let end = ContinuousClock.now + .milliseconds(3200)
            await peer.send(front)
            while ContinuousClock.now < end {
                await peer.send(back + front)
                try #require(try await peer.frame().outcome.code == 6)
            }
        }
    }

    @Test("a silent peer that knows the extensions is asked, and closed when it does not answer")
    func deadPeer() async throws {
        let limits = limits {
            $0.pingInterval = .milliseconds(30)
            $0.pingTimeout = .seconds(2)
        }
        try await ScriptedServer.withPeer(limits: limits) { server, peer in
            try await introduce(peer)
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h")))
            for _ in 0..<3 {
                #expect(try await peer.frame() == Self.ping)
                await peer.send(Self.pong)
            }
            #expect(try await peer.frame() == Self.ping)
            #expect(try await peer.end() == [])
            try await server.journal.untilNoted("cancelled h")
        }
    }

    @Test("a plain peer is never sent an extension frame, however silent it is")
    func plainPeer() async throws {
        let limits = limits { $0.pingInterval = .milliseconds(30) }
        try await ScriptedServer.withPeer(limits: limits) { server, plain in
            _ = try await plain.call(id: 1, "Fail", HandWritten.keyValue("6"))
            try await RawPeer.with(server.address) { peer in
                try await introduce(peer)
                // Both are looked over together, so the plain one had its turn when this one was asked several times.
                for _ in 0..<4 {
                    #expect(try await peer.frame() == Self.ping)
                    await peer.send(Self.pong)
                }
            }
            #expect(try await plain.call(id: 3, "Fail", HandWritten.keyValue("6")).code == 6)
        }
    }

    @Test("a peer that reads slowly is not taken for dead while its answer waits behind the queue")
    func slowReaderIsNotDead() async throws {
        let limits = limits {
            $0.pingInterval = .milliseconds(30)
            $0.pingTimeout = .seconds(2)
        }
        try await ScriptedServer.withPeer(limits: limits, onUnixSocket: true) { server, peer in
            try await introduce(peer)
            await peer.stopReading()
            await peer.send(HandWritten.request(id: 1, "Flood", HandWritten.keyValue("f", "100")))
            try await server.journal.untilNoted("flood f")
            // Another peer is asked and answers many times meanwhile.
            try await RawPeer.with(server.address) { other in
                try await introduce(other)
                let end = ContinuousClock.now + .milliseconds(2500)
                while ContinuousClock.now < end {
                    #expect(try await other.frame() == Self.ping)
                    await other.send(Self.pong)
                }
            }
            #expect(server.calls.lines == [])
            await peer.resumeReading()
            var last = RawFrame(id: 0, type: 0)
            while last.flags != 0x05 {
                last = try await peer.frame()
                if last == Self.ping { await peer.send(Self.pong) }
            }
            #expect(server.journal.entries == ["flood f", "flooded f"])
        }
    }

    @Test("an idle connection is closed, but not before its last call has returned")
    func idle() async throws {
        let limits = limits { $0.idleTimeout = .seconds(2) }
        try await ScriptedServer.withPeer(limits: limits) { server, peer in
            await peer.send(HandWritten.request(id: 1, "Gate", HandWritten.keyValue("g")))
            try await server.journal.untilNoted("gate g")
            // A connection without a call ends by itself, so the other has been looked over past its time.
            let rest = try await RawPeer.with(server.address) { try await $0.end() }
            #expect(rest == [])
            server.methods.open("g")
            #expect(try await peer.frame().outcome.pair == ["g"])
            #expect(try await peer.call(id: 3, "Fail", HandWritten.keyValue("6")).code == 6)
            #expect(try await peer.end() == [])
        }
    }
}
