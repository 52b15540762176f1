// Calls byte by byte: how they may begin, and what the server answers. Sent and expected bytes are written out by hand.

import ConformancePeer
import Testing

/// EchoRequest{payload: "hi"} for chat.v1.DiagnosticsService/Echo, in its envelope: 40 bytes.
private let echoHi =
    hex("0a 1a") + Array("chat.v1.DiagnosticsService".utf8) + hex("12 04  45 63 68 6f  1a 04  0a 02 68 69")

@Suite("The bytes of a call", .timeLimit(.minutes(2)))
struct CallBytesTests {
    @Test("a call is accepted under every flag that clients send", arguments: [0x00, 0x01, 0x02, 0x06] as [UInt8])
    func requestFlags(flags: UInt8) async throws {
        let answer = try await ScriptedServer.withPeer { _, peer in
            await peer.send(hex("00 00 00 28  00 00 00 01  01") + [flags] + echoHi)
            return try await peer.read(16)
        }
        #expect(answer == hex("00 00 00 06  00 00 00 01  02 00  12 04 0a 02 68 69"))
    }

    @Test("bits of the flags that nobody knows are ignored", arguments: [0x08, 0x80, 0xF8, 0xFF] as [UInt8])
    func unknownFlags(flags: UInt8) async throws {
        let answer = try await ScriptedServer.withPeer { _, peer in
            await peer.send(hex("00 00 00 28  00 00 00 01  01") + [flags] + echoHi)
            return try await peer.read(16)
        }
        #expect(answer == hex("00 00 00 06  00 00 00 01  02 00  12 04 0a 02 68 69"))
    }

    @Test("a frame may come one byte at a time")
    func onePieceAtATime() async throws {
        let answers = try await ScriptedServer.withPeer { _, peer in
            try await peer.sendInPieces(hex("00 00 00 28  00 00 00 01  01 00") + echoHi)
            try await peer.sendInPieces(hex("00 00 00 28  00 00 00 03  01 00") + echoHi)
            return try await peer.read(32)
        }
        #expect(
            answers == hex("00 00 00 06  00 00 00 01  02 00  12 04 0a 02 68 69")
                + hex("00 00 00 06  00 00 00 03  02 00  12 04 0a 02 68 69"))
    }

    @Test("several frames may come at once")
    func manyAtOnce() async throws {
        let ids = (0..<100).map { UInt32($0 * 2 + 1) }
        let frames = try await ScriptedServer.withPeer { _, peer in
            await peer.send(ids.flatMap { HandWritten.frame(id: $0, type: 0x01, echoHi) })
            return try await peer.frames(100)
        }
        #expect(Set(frames.map(\.id)) == Set(ids))
        #expect(frames.allSatisfy { $0.type == 0x02 && $0.payload == hex("12 04 0a 02 68 69") })
    }

    @Test("an absent payload is an empty message, and so is its answer's")
    func emptyPayload() async throws {
        let answer = try await ScriptedServer.withPeer { _, peer in
            await peer.send(hex("00 00 00 22  00 00 00 01  01 00") + echoHi.prefix(34))
            return try await peer.read(10)
        }
        #expect(answer == hex("00 00 00 00  00 00 00 01  02 00"))
    }

    @Test(
        "an unknown service or method is UNIMPLEMENTED, and the connection lives",
        arguments: [
            ("chat.v1.NoSuchService", "Echo"), ("chat.v1.DiagnosticsService", "echo"),
            ("chat.v1.DiagnosticsService", ""), ("", "Echo"), ("", ""), ("chat.v1.DiagnosticsService/Echo", ""),
            ("", "chat.v1.DiagnosticsService/Echo"), ("/chat.v1.DiagnosticsService", "Echo"),
            ("chat.v1.DiagnosticsService", "Echo\u{0}"),
        ])
    func unimplemented(service: String, method: String) async throws {
        let (refused, served) = try await ScriptedServer.withPeer { _, peer in
            let refused = try await peer.call(id: 1, service: service, method)
            await peer.send(hex("00 00 00 28  00 00 00 03  01 00") + echoHi)
            return (refused, try await peer.read(16))
        }
        #expect(refused.code == 12)
        #expect(served == hex("00 00 00 06  00 00 00 03  02 00  12 04 0a 02 68 69"))
    }

    @Test("an error is a Response with its code and text", arguments: UInt64(1)...16)
    func codes(code: UInt64) async throws {
        let outcome = try await ScriptedServer.withPeer { _, peer in
            try await peer.call(id: 1, "Fail", HandWritten.keyValue(String(code), "it broke"))
        }
        #expect(outcome.code == code)
        #expect(outcome.message == "it broke")
        #expect(outcome.payload == [])
    }

    @Test("an error's bytes are exactly its status")
    func errorBytes() async throws {
        let answer = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.request(id: 9, "Fail", HandWritten.keyValue("5", "nope")))
            return try await peer.read(20)
        }
        #expect(answer == hex("00 00 00 0a  00 00 00 09  02 00  0a 08  08 05  12 04 6e 6f 70 65"))
    }

    @Test("an error that the server does not know is INTERNAL and tells nothing of itself")
    func unknownError() async throws {
        let outcome = try await ScriptedServer.withPeer { _, peer in
            try await peer.call(id: 1, "Fail", HandWritten.keyValue("17", "a secret"))
        }
        #expect(outcome.code == 13)
        #expect(!outcome.message.contains("secret"))
    }

    @Test("metadata keeps its order and its repeated keys, and keys are read in lower case")
    func metadata() async throws {
        let outcome = try await ScriptedServer.withPeer { _, peer in
            await peer.send(
                HandWritten.request(
                    id: 1, "Tell", metadata: [("Authorization", "a"), ("x", "1"), ("X", "2"), ("empty", "")]))
            return try await peer.frame().outcome
        }
        let expected = [("authorization", "a"), ("x", "1"), ("x", "2"), ("empty", "")].flatMap {
            HandWritten.field(5, HandWritten.field(1, $0) + HandWritten.field(2, $1))
        }
        #expect(outcome.payload == expected)
    }

    @Test(
        "timeout_nano sets a deadline unless it is 0",
        arguments: [(0, false), (1_000_000_000_000, true), (Int64.max, true)] as [(Int64, Bool)])
    func deadline(timeoutNano: Int64, isSet: Bool) async throws {
        let outcome = try await ScriptedServer.withPeer { _, peer in
            await peer.send(HandWritten.request(id: 1, "Tell", timeoutNano: timeoutNano))
            return try await peer.frame().outcome
        }
        #expect(outcome.code == 0)
        #expect(outcome.payload == (isSet ? hex("20 01") : []))
    }

    @Test(
        "the server ends a call whose time is up, also when it was up before it began",
        arguments: [20_000_000, 1, -1, Int64.min])
    func deadlinePassed(timeoutNano: Int64) async throws {
        let outcome = try await ScriptedServer.withPeer { _, peer in
            await peer.send(
                HandWritten.request(id: 1, "Hang", HandWritten.keyValue("late"), timeoutNano: timeoutNano))
            return try await peer.frame().outcome
        }
        #expect(outcome.code == 4)
    }

    @Test("fields of the envelope that nobody knows are skipped")
    func unknownFields() async throws {
        let answer = try await ScriptedServer.withPeer { _, peer in
            // Field 100 as a number, field 101 as bytes.
            let unknown = hex("a0 06 07  aa 06 03 01 02 03")
            await peer.send(hex("00 00 00 31  00 00 00 01  01 00") + unknown + echoHi)
            return try await peer.read(16)
        }
        #expect(answer == hex("00 00 00 06  00 00 00 01  02 00  12 04 0a 02 68 69"))
    }
}
