// How a server ends: drain for plain clients and for those that know the extensions, its deadline, and abort.

import ConformancePeer
import IOLoop
import Testing

@testable import RPC

@Suite("Drain and abort", .timeLimit(.minutes(2)))
struct ServerDrainTests {
    private static let never = Duration.seconds(600)

    private func limits(linger: Duration = .milliseconds(50)) -> ServerLimits {
        var limits = ServerLimits()
        limits.sweepInterval = .milliseconds(20)
        limits.drainLinger = linger
        return limits
    }

    private func introduce(_ peer: RawPeer) async throws {
        await peer.send(hex("00 00 00 00  ff ff ff ff  04 00"))
        #expect(try await peer.frame() == RawFrame(id: 0xFFFF_FFFF, type: 0x05))
    }

    /// Calls until the server says that it drains; the number of calls is bounded by the test's time limit.
    private func untilRefused(_ peer: RawPeer) async throws -> RawOutcome {
        var id: UInt32 = 101
        while true {
            let outcome = try await peer.call(id: id, "Fail", HandWritten.keyValue("6"))
            if outcome.code != 6 { return outcome }
            id += 2
        }
    }

    @Test("an idle plain client is closed without a word")
    func idlePlain() async throws {
        try await ScriptedServer.withPeer(limits: limits()) { server, peer in
            _ = try await peer.call(id: 1, "Fail", HandWritten.keyValue("6"))
            async let isClean = server.server.drain(until: .now + Self.never)
            #expect(try await peer.end() == [])
            await peer.close()
            #expect(await isClean)
            #expect(server.server.connections == 0)
        }
    }

    @Test("a plain client's running call ends well, a new one is NOT_PROCESSED, then the connection is closed")
    func busyPlain() async throws {
        try await ScriptedServer.withPeer(limits: limits()) { server, peer in
            await peer.send(HandWritten.request(id: 1, "Gate", HandWritten.keyValue("g")))
            try await server.journal.untilNoted("gate g")
            async let isClean = server.server.drain(until: .now + Self.never)
            let refused = try await untilRefused(peer)
            #expect(refused.code == 14)
            #expect(refused.reason == "NOT_PROCESSED")
            server.methods.open("g")
            #expect(try await peer.frame().outcome.pair == ["g"])
            #expect(try await peer.end() == [])
            await peer.close()
            #expect(await isClean)
        }
    }

    @Test("a client that knows the extensions is sent DRAIN, and closed after the linger")
    func extensionClient() async throws {
        try await ScriptedServer.withPeer(limits: limits()) { server, peer in
            try await introduce(peer)
            await peer.send(HandWritten.request(id: 1, "Gate", HandWritten.keyValue("g")))
            try await server.journal.untilNoted("gate g")
            async let isClean = server.server.drain(until: .now + Self.never)
            #expect(try await peer.read(10) == hex("00 00 00 00  ff ff ff ff  81 00"))
            let refused = try await peer.call(id: 3, "Fail", HandWritten.keyValue("6"))
            #expect(refused.code == 14)
            #expect(refused.reason == "NOT_PROCESSED")
            server.methods.open("g")
            #expect(try await peer.frame().outcome.pair == ["g"])
            #expect(try await peer.end() == [])
            await peer.close()
            #expect(await isClean)
        }
    }

    @Test("within the linger a call that crossed DRAIN is NOT_PROCESSED; a client that leaves ends it")
    func linger() async throws {
        try await ScriptedServer.withPeer(limits: limits(linger: Self.never)) { server, peer in
            try await introduce(peer)
            async let isClean = server.server.drain(until: .now + Self.never)
            #expect(try await peer.frame() == RawFrame(id: 0xFFFF_FFFF, type: 0x81))
            #expect(try await peer.call(id: 1, "Count", HandWritten.keyValue("1")).reason == "NOT_PROCESSED")
            await peer.close()
            #expect(await isClean)
        }
    }

    @Test("a client whose first PING comes while the server drains is sent DRAIN then")
    func lateIntroduction() async throws {
        try await ScriptedServer.withPeer(limits: limits(linger: Self.never)) { server, peer in
            await peer.send(HandWritten.request(id: 1, "Gate", HandWritten.keyValue("g")))
            try await server.journal.untilNoted("gate g")
            async let isClean = server.server.drain(until: .now + Self.never)
            _ = try await untilRefused(peer)
            for _ in 0..<2 { await peer.send(hex("00 00 00 00  ff ff ff ff  04 00")) }
            #expect(try await peer.frames(3).map(\.type) == [0x81, 0x05, 0x05])
            server.methods.open("g")
            #expect(try await peer.frame().outcome.pair == ["g"])
            await peer.close()
            #expect(await isClean)
        }
    }

    @Test("the deadline of a drain aborts what is left")
    func deadline() async throws {
        try await ScriptedServer.withPeer(limits: limits()) { server, peer in
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h")))
            try await server.journal.untilNoted("hang h")
            #expect(await server.server.drain(until: .now + .milliseconds(50)) == false)
            try await server.journal.untilNoted("cancelled h")
            #expect(try await peer.end() == [])
        }
    }

    @Test("a drain waits for the call of a connection that was lost")
    func lostConnection() async throws {
        try await ScriptedServer.with(limits: limits()) { server in
            try await RawPeer.with(server.address) { peer in
                await peer.send(HandWritten.request(id: 1, "Stubborn", HandWritten.keyValue("s")))
                try await server.journal.untilNoted("stubborn s")
            }
            while server.calls.lines.isEmpty { await Task.yield() }
            #expect(server.calls.lines == ["Stubborn CANCELLED CONNECTION_LOST"])
            async let isClean = {
                let isClean = await server.server.drain(until: .now + Self.never)
                server.journal.note("drained")
                return isClean
            }()
            for loop in TestLoops.servers {
                try await LoopActor(loop).run { actor in
                    for _ in 0..<50 { try await actor.loop.sleep(until: .now + .microseconds(100)) }
                }
            }
            server.journal.note("release s")
            #expect(await isClean)
            #expect(server.journal.entries == ["stubborn s", "release s", "drained"])
        }
    }

    @Test("a server without connections drains at once and listens no more")
    func nobody() async throws {
        try await ScriptedServer.with(limits: limits(), loops: 2, onUnixSocket: true) { server in
            #expect(await server.server.drain(until: .now + Self.never))
            await #expect(throws: SystemError.self) { try await RawPeer.with(server.address) { _ in } }
        }
    }

    @Test("abort ends connections and calls at once, on every loop")
    func abort() async throws {
        try await ScriptedServer.with(limits: limits(), loops: 2) { server in
            try await RawPeer.with(server.address) { first in
                try await RawPeer.with(server.address) { second in
                    for (peer, key) in [(first, "a"), (second, "b")] {
                        await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue(key)))
                        try await server.journal.untilNoted("hang \(key)")
                    }
                    await server.server.abort()
                    #expect(try await first.end() == [])
                    #expect(try await second.end() == [])
                }
            }
            try await server.journal.untilNoted("cancelled a")
            try await server.journal.untilNoted("cancelled b")
            while server.server.connections > 0 { await Task.yield() }
        }
    }

    @Test("past the limit of connections a new one is closed at once, until another leaves")
    func connectionsLimit() async throws {
        var limits = limits()
        limits.connectionsMax = 2
        try await ScriptedServer.with(limits: limits, loops: 2) { server in
            try await RawPeer.with(server.address) { first in
                _ = try await first.call(id: 1, "Fail", HandWritten.keyValue("6"))
                try await RawPeer.with(server.address) { second in
                    _ = try await second.call(id: 1, "Fail", HandWritten.keyValue("6"))
                    #expect(try await RawPeer.with(server.address) { try await $0.end() } == [])
                    #expect(server.server.connections == 2)
                }
                while server.server.connections > 1 { await Task.yield() }
                let outcome = try await RawPeer.with(server.address) { third in
                    try await third.call(id: 1, "Fail", HandWritten.keyValue("6"))
                }
                #expect(outcome.code == 6)
                #expect(try await first.call(id: 3, "Fail", HandWritten.keyValue("6")).code == 6)
            }
        }
    }
}
