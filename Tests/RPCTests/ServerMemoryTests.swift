// What slow and noisy peers may cost a server, all of them together: memory, time, and connections.

import ConformancePeer
import Testing

@testable import RPC

@Suite("What peers cost together", .timeLimit(.minutes(2)))
struct ServerMemoryTests {
    private static let ping = hex("00 00 00 00  ff ff ff ff  04 00")

    /// The beginning of a frame that claims more.
    private func halfFrame(_ bytes: Int) -> [UInt8] {
        hex("00 0f 00 00  00 00 00 01  01 00") + [UInt8](repeating: 0, count: bytes - 10)
    }

    private func isServed(_ peer: RawPeer, id: UInt32 = 1) async throws {
        #expect(try await peer.call(id: id, "Fail", HandWritten.keyValue("6")).code == 6)
    }

    /// What was sent before this has been read when it returns: the server has made many passes by then.
    private func barrier(_ server: ScriptedServer) async throws {
        try await RawPeer.with(server.address) { peer in
            for number in 0..<50 { try await isServed(peer, id: UInt32(2 * number + 1)) }
        }
    }

    @Test("half-received frames have a limit together: the oldest ones are closed, everybody else is served")
    func halfFrames() async throws {
        var limits = ServerLimits()
        limits.heldBytesMax = 1 << 20
        try await ScriptedServer.with(limits: limits) { server in
            try await RawPeer.with(server.address) { oldest in
                await oldest.send(halfFrame(400_000))
                try await barrier(server)
                try await RawPeer.with(server.address) { young in
                    await young.send(halfFrame(500_000))
                    try await barrier(server)
                    try await RawPeer.with(server.address) { good in
                        try await isServed(good)
                        // Together they are too much; a frame's memory grows by doubling.
                        await good.send(Array(halfFrame(0x0F_0000 + 10).prefix(600_000)))
                        #expect(try await oldest.end() == [])
                        try await RawPeer.with(server.address) { try await isServed($0) }
                    }
                }
            }
        }
    }

    @Test("memory that was given back counts no more: frames that become whole never close anybody")
    func wholeFrames() async throws {
        var limits = ServerLimits()
        limits.heldBytesMax = 1 << 20
        try await ScriptedServer.withPeer(limits: limits) { server, peer in
            for number in 0..<10 {
                let request = HandWritten.request(
                    id: UInt32(2 * number + 1), "Fail",
                    HandWritten.keyValue("6", String(repeating: "x", count: 300_000)))
                await peer.send(Array(request.prefix(200_000)))
                try await barrier(server)
                await peer.send(Array(request.dropFirst(200_000)))
                try #require(try await peer.frame().outcome.code == 6)
            }
        }
    }

    @Test("output that is not read counts too: the reader that is stuck for longest is closed")
    func unreadOutput() async throws {
        var limits = ServerLimits()
        limits.heldBytesMax = 1 << 20
        try await ScriptedServer.with(limits: limits, onUnixSocket: true) { server in
            try await RawPeer.with(server.address) { first in
                await first.stopReading()
                await first.send(HandWritten.request(id: 1, "Large", HandWritten.keyValue("900000")))
                try await RawPeer.with(server.address) { second in
                    try await isServed(second)
                    try await barrier(server)
                    await second.stopReading()
                    await second.send(HandWritten.request(id: 3, "Large", HandWritten.keyValue("900000")))
                    try await barrier(server)
                    await first.resumeReading()
                    // Cut off: less than the reply came.
                    #expect(try await first.end().count < 900_000)
                }
            }
        }
    }

    @Test("PINGs without end close the connection, and as many as a client could want do not")
    func pingFlood() async throws {
        var limits = ServerLimits()
        limits.sweepInterval = .seconds(60)
        limits.emptyFramesPerSweepMax = 100
        try await ScriptedServer.withPeer(limits: limits) { _, peer in
            for _ in 0..<100 { await peer.send(Self.ping) }
            let pongs = try await peer.frames(100)
            #expect(pongs.allSatisfy { $0.type == 0x05 })
            try await isServed(peer)
            await peer.send(Self.ping)
            _ = try await peer.end()
        }
    }

    @Test(
        "frames of unknown types, and CANCELs of no call, count as PINGs do",
        arguments: [0x05, 0x77, 0x80, 0x81] as [UInt8])
    func unknownTypes(type: UInt8) async throws {
        var limits = ServerLimits()
        limits.sweepInterval = .seconds(60)
        limits.emptyFramesPerSweepMax = 100
        try await ScriptedServer.withPeer(limits: limits) { _, peer in
            await peer.send((0..<101).flatMap { _ in HandWritten.frame(id: 1, type: type) })
            let rest = try await peer.end()
            #expect(rest == [])
        }
    }

    @Test("the count of PINGs begins anew with each look over the connection")
    func pingsOverTime() async throws {
        var limits = ServerLimits()
        limits.sweepInterval = .milliseconds(20)
        limits.emptyFramesPerSweepMax = 50
        try await ScriptedServer.withPeer(limits: limits) { _, peer in
            for _ in 0..<20 {
                for _ in 0..<5 { await peer.send(Self.ping) }
                let pongs = try await peer.frames(5)
                try #require(pongs.allSatisfy { $0.type == 0x05 })
                // Time is what is tested: many looks.
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    @Test("where connections are at their limit a silent one makes room, and one with a call does not")
    func silenceMakesRoom() async throws {
        var limits = ServerLimits()
        limits.connectionsMax = 2
        limits.silenceMakesRoom = .milliseconds(200)
        try await ScriptedServer.with(limits: limits) { server in
            try await RawPeer.with(server.address) { busy in
                await busy.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h")))
                try await server.journal.untilNoted("hang h")
                try await RawPeer.with(server.address) { silent in
                    try await isServed(silent)
                    // Not silent for long enough: the new one goes.
                    let rest = try await RawPeer.with(server.address) { try await $0.end() }
                    #expect(rest == [])
                    try await Task.sleep(for: .milliseconds(300))
                    try await RawPeer.with(server.address) { try await isServed($0) }
                    #expect(try await silent.end() == [])
                }
            }
        }
    }
}

@Suite("A connection's turns")
struct ReadTurnsTests {
    private let first = ContinuousClock.now

    @Test("few frames never end a turn, however many reads it takes")
    func few() {
        var turns = ReadTurns()
        let passes = (0..<1000).map { first + .microseconds($0) }
        let ends = passes.map { turns.read(frames: ReadTurns.framesMax / 2 - 1, bytes: 4000, in: $0) }
        #expect(!ends.contains(true))
        #expect(turns.readBytes == 64 * 1024)
    }

    @Test("frames add up within a pass, and only there")
    func addUp() {
        var turns = ReadTurns()
        let most = ReadTurns.framesMax
        let reads = [(most - 1, first), (1, first), (most - 1, first + .microseconds(1))]
        #expect(reads.map { turns.read(frames: $0.0, bytes: 4000, in: $0.1) } == [false, true, false])
    }

    @Test("a connection of small frames is read in pieces of about a turn, and at full size when it has calmed down")
    func adapts() {
        var turns = ReadTurns()
        // PINGs: the whole buffer holds a hundred turns of them.
        let isOver = turns.read(frames: 6553, bytes: 65_530, in: first)
        #expect(isOver)
        #expect(turns.readBytes == 1024)
        for _ in 0..<6 { _ = turns.read(frames: 1, bytes: 200, in: first + .seconds(1)) }
        #expect(turns.readBytes == 64 * 1024)
    }
}

@Suite("Memory held for slow peers")
struct HeldMemoryTests {
    private let start = ContinuousClock.now

    private func holder(_ id: String, _ bytes: Int, seconds: Int) -> HeldMemory.Holder<String> {
        HeldMemory.Holder(id: id, bytes: bytes, since: start + .seconds(seconds))
    }

    @Test("is too much only above its limit")
    func limit() {
        var memory = HeldMemory(bytesMax: 1000)
        #expect([1000, 1, -1].map { memory.change(by: $0) } == [false, true, false])
        #expect(memory.bytes == 1000)
    }

    @Test("those go that were stuck for longest, until an eighth is free")
    func victims() {
        let memory = HeldMemory(bytesMax: 800)
        let holders = [
            holder("new", 500, seconds: 3), holder("oldest", 50, seconds: 0), holder("old", 300, seconds: 1),
        ]
        #expect(memory.victims(among: holders) == ["oldest", "old"])
        #expect(memory.victims(among: [holder("one", 700, seconds: 0)]) == [])
        #expect(memory.victims(among: [HeldMemory.Holder<String>]()) == [])
    }
}
