// Server streams byte by byte: messages, the two ways to end, and what a client may still send.

import ConformancePeer
import Testing

@Suite("The bytes of a stream", .timeLimit(.minutes(2)))
struct StreamBytesTests {
    @Test(
        "a stream is data frames and an empty one with flags 0x05, whatever the request's flags",
        arguments: [0x00, 0x01, 0x02] as [UInt8])
    func regularEnd(flags: UInt8) async throws {
        let bytes = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.request(id: 1, flags: flags, "Count", HandWritten.keyValue("2")))
            return try await peer.read(36)
        }
        #expect(
            bytes == hex("00 00 00 03  00 00 00 01  03 00  0a 01 31")
                + hex("00 00 00 03  00 00 00 01  03 00  0a 01 32")
                + hex("00 00 00 00  00 00 00 01  03 05"))
    }

    @Test("a request with flags 0x06 and no payload is an empty message; the client's own end is welcome")
    func requestWithoutMessage() async throws {
        let (ended, next) = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.request(id: 1, flags: 0x06, "Count"))
            await peer.send(hex("00 00 00 00  00 00 00 01  03 05"))
            return (try await peer.read(10), try await peer.callFrame(id: 3))
        }
        #expect(ended == hex("00 00 00 00  00 00 00 01  03 05"))
        #expect(next.id == 3)
    }

    @Test("an empty message is a data frame without flags")
    func emptyMessage() async throws {
        let bytes = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.request(id: 1, flags: 0x01, "Steps"))
            return try await peer.read(10)
        }
        #expect(bytes == hex("00 00 00 00  00 00 00 01  03 00"))
    }

    @Test("an error in the middle is a Response with the status, and nothing comes after it", arguments: [0, 2])
    func errorEnd(messages: Int) async throws {
        let (frames, next) = try await ScriptedServer.withPeer { _, peer in
            await peer.send(
                HandWritten.request(id: 1, flags: 0x01, "CountAndFail", HandWritten.keyValue(String(messages))))
            let frames = try await peer.frames(messages + 1)
            return (frames, try await peer.call(id: 3, "Fail", HandWritten.keyValue("6")))
        }
        #expect(frames.dropLast().allSatisfy { $0.type == 0x03 && $0.flags == 0 })
        #expect(frames.last?.type == 0x02)
        #expect(frames.last?.flags == 0)
        #expect(frames.last?.outcome.code == 15)
        #expect(frames.last?.outcome.reason == "COUNT_BROKE")
        // `call` throws when its Response is not the very next frame.
        #expect(next.code == 6)
    }

    @Test("a client's end during the stream changes nothing")
    func halfClose() async throws {
        let frames = try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, flags: 0x02, "Steps", HandWritten.keyValue("s")))
            try await server.journal.untilNoted("gate s")
            await peer.send(hex("00 00 00 00  00 00 00 01  03 05"))
            // A call after it shows that the end was read.
            let between = try await { [try await peer.frame(), try await peer.callFrame(id: 3)] }()
            server.methods.open("s")
            return between + [try await peer.frame()]
        }
        #expect(frames.map(\.id) == [1, 3, 1])
        #expect(frames.map(\.type) == [0x03, 0x02, 0x03])
    }

    @Test(
        "a second message from the client ends the call with INVALID_ARGUMENT",
        arguments: [[], [0x0A, 0x00]] as [[UInt8]])
    func secondMessage(payload: [UInt8]) async throws {
        let (frame, next) = try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Hang", HandWritten.keyValue("h")))
            try await server.journal.untilNoted("hang h")
            await peer.send(HandWritten.frame(id: 1, type: 0x03, payload))
            try await server.journal.untilNoted("cancelled h")
            return (try await peer.frame(), try await peer.callFrame(id: 3))
        }
        #expect(frame.id == 1)
        #expect(frame.outcome.code == 3)
        #expect(next.id == 3)
    }

    @Test("streams and calls of one connection do not wait for each other")
    func interleaved() async throws {
        try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, flags: 0x01, "Steps", HandWritten.keyValue("a")))
            await peer.send(HandWritten.request(id: 3, flags: 0x01, "Steps", HandWritten.keyValue("b")))
            try await server.journal.untilNoted("gate a")
            try await server.journal.untilNoted("gate b")
            #expect(Set(try await peer.frames(2).map(\.key)) == ["a", "b"])
            for step in 0..<5 {
                server.methods.open("b")
                #expect(try await peer.frame().key == "b")
                #expect(try await peer.callFrame(id: UInt32(5 + 2 * step)).type == 0x02)
            }
            server.methods.open("a")
            #expect(try await peer.frame().key == "a")
        }
    }
}

extension RawPeer {
    /// A call of Fail and the next frame, whatever it is.
    func callFrame(id: UInt32) async throws -> RawFrame {
        send(HandWritten.request(id: id, "Fail", HandWritten.keyValue("6")))
        return try await frame()
    }
}
