// Streams to readers that are slow or stop: the method waits, memory is bounded, and nothing is lost when the reader
// goes on. On Unix sockets, whose buffers in the kernel are small and of a fixed size.

import ConformancePeer
import Testing

@testable import RPC

@Suite("Back-pressure", .timeLimit(.minutes(2)))
struct ServerBackPressureTests {
    /// A stream's queue, the kernel's buffers of a Unix socket, and a message: far below the 16 MiB that a flood sends.
    private static let heldBytesMax = 1 << 20

    /// The server's loop has made many passes when this returns, in which a method that does not wait would have sent
    /// all.
    private func barrier(_ server: ScriptedServer) async throws {
        try await RawPeer.with(server.address) { peer in
            for number in 0..<100 {
                let outcome = try await peer.call(id: UInt32(2 * number + 1), "Fail", HandWritten.keyValue("6"))
                #expect(outcome.code == 6)
            }
        }
    }

    @Test("a stream's method waits while its reader has stopped, and goes on when it reads again")
    func stopsAndGoesOn() async throws {
        try await ScriptedServer.withPeer(onUnixSocket: true) { server, peer in
            await peer.stopReading()
            await peer.send(HandWritten.request(id: 1, "Flood", HandWritten.keyValue("f")))
            try await server.journal.untilNoted("flood f")
            try await barrier(server)
            let held = server.methods.flooded
            #expect(held > 0)
            #expect(held * ScriptedMethods.floodMessageBytes < Self.heldBytesMax)
            #expect(server.journal.entries == ["flood f"])

            await peer.resumeReading()
            for number in 0..<ScriptedMethods.floodMessages {
                let frame = try await peer.frame()
                try #require(frame.type == 0x03)
                try #require(frame.key == String(number))
            }
            #expect(try await peer.frame() == RawFrame(id: 1, type: 0x03, flags: 0x05))
            #expect(server.journal.entries == ["flood f", "flooded f"])
        }
    }

    @Test("CANCEL and the deadline end a method that waits for its reader")
    func endsWhileWaiting() async throws {
        try await ScriptedServer.withPeer(onUnixSocket: true) { server, peer in
            await peer.stopReading()
            await peer.send(HandWritten.request(id: 1, "Flood", HandWritten.keyValue("f")))
            await peer.send(HandWritten.request(id: 3, "Flood", HandWritten.keyValue("g"), timeoutNano: 300_000_000))
            try await server.journal.untilNoted("flood f")
            try await barrier(server)
            await peer.send(HandWritten.frame(id: 1, type: 0x80))
            try await server.journal.untilNoted("cancelled f")
            try await server.journal.untilNoted("cancelled g")
            #expect(
                server.calls.lines.sorted() == ["Fail ALREADY_EXISTS"].repeated(100) + [
                    "Flood CANCELLED", "Flood DEADLINE_EXCEEDED",
                ])
        }
    }

    @Test("many streams of one stopped reader are bounded together, and all end when it reads")
    func manyStreams() async throws {
        try await ScriptedServer.withPeer(onUnixSocket: true) { server, peer in
            await peer.stopReading()
            let ids = (0..<16).map { UInt32(2 * $0 + 1) }
            for id in ids { await peer.send(HandWritten.request(id: id, "Flood", HandWritten.keyValue("\(id)", "64"))) }
            for id in ids.prefix(4) { try await server.journal.untilNoted("flood \(id)") }
            try await barrier(server)
            #expect(server.methods.flooded * ScriptedMethods.floodMessageBytes < Self.heldBytesMax)

            await peer.resumeReading()
            let messages = try await readStreams(ids.count, peer)
            #expect(messages == Dictionary(uniqueKeysWithValues: ids.map { ($0, 64) }))
        }
    }

    /// Reads until so many streams have ended; each must be in order.
    ///
    /// - Returns: the number of messages by stream id.
    private func readStreams(_ count: Int, _ peer: RawPeer) async throws -> [UInt32: Int] {
        var messages: [UInt32: Int] = [:]
        var ended = 0
        while ended < count {
            let frame = try await peer.frame()
            if frame.flags == 0x05 {
                ended += 1
                continue
            }
            let number = messages[frame.id] ?? 0
            try #require(frame.key == String(number))
            messages[frame.id] = number + 1
        }
        return messages
    }

    @Test("calls that came in one read are not begun while there is no room for their replies")
    func replies() async throws {
        try await ScriptedServer.withPeer(onUnixSocket: true) { server, peer in
            await peer.stopReading()
            let ids = (0..<200).map { UInt32(2 * $0 + 1) }
            await peer.send(ids.flatMap { HandWritten.request(id: $0, "Large", HandWritten.keyValue("100000")) })
            try await barrier(server)
            let begun = server.calls.lines.filter { $0 == "Large OK" }.count
            #expect(begun > 0)
            #expect(begun * 100_000 < Self.heldBytesMax)

            await peer.resumeReading()
            let frames = try await peer.frames(ids.count)
            #expect(Set(frames.map(\.id)) == Set(ids))
            #expect(frames.allSatisfy { $0.payload.count > 100_000 })
        }
    }

    @Test("a stopped reader does not hold up another connection's stream")
    func otherConnection() async throws {
        try await ScriptedServer.withPeer(onUnixSocket: true) { server, stopped in
            await stopped.stopReading()
            await stopped.send(HandWritten.request(id: 1, "Flood", HandWritten.keyValue("f")))
            try await server.journal.untilNoted("flood f")
            try await RawPeer.with(server.address) { peer in
                await peer.send(HandWritten.request(id: 1, "Flood", HandWritten.keyValue("g", "100")))
                let frames = try await peer.frames(101)
                #expect(frames.last == RawFrame(id: 1, type: 0x03, flags: 0x05))
            }
            #expect(server.journal.entries.contains("flooded g"))
            #expect(!server.journal.entries.contains("flooded f"))
        }
    }

    @Test("a peer that reads nothing for the write timeout is closed, and its calls are cancelled")
    func writeTimeout() async throws {
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(200)
        try await ScriptedServer.withPeer(limits: limits, onUnixSocket: true) { server, peer in
            await peer.stopReading()
            await peer.send(HandWritten.request(id: 1, "Flood", HandWritten.keyValue("f")))
            try await server.journal.untilNoted("cancelled f")
            #expect(server.calls.lines == ["Flood CANCELLED CONNECTION_LOST"])
        }
    }
}

extension Array {
    fileprivate func repeated(_ count: Int) -> [Element] { (0..<count).flatMap { _ in self } }
}
