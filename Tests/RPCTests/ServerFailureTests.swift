// What harms one call must not harm another on the same connection.

import ConformancePeer
import Testing

@testable import RPC

@Suite("Failures of one call", .timeLimit(.minutes(2)))
struct ServerFailureTests {
    /// A bad request and what its answer says.
    struct BadRequest: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let payload: [UInt8]
        let code: UInt64
        var reason = ""
    }

    static let badRequests = [
        BadRequest(
            testDescription: "no envelope", payload: [0xFF, 0xFF, 0xFF], code: 3, reason: "BAD_MESSAGE"),
        BadRequest(
            testDescription: "an envelope that ends too soon", payload: [0x0A, 0x7F, 0x61], code: 3,
            reason: "BAD_MESSAGE"),
        BadRequest(
            testDescription: "no request message",
            payload: HandWritten.envelope(
                service: ScriptedMethods.service, method: "Hang", payload: [0x0A, 0x7F, 0x61]), code: 3,
            reason: "BAD_MESSAGE"),
        BadRequest(
            testDescription: "a service that is not UTF-8",
            payload: HandWritten.field(1, [0xC3, 0x28]) + HandWritten.field(2, "Hang"), code: 3,
            reason: "BAD_MESSAGE"),
        BadRequest(
            testDescription: "a text in the request that is not UTF-8",
            payload: HandWritten.envelope(
                service: ScriptedMethods.service, method: "Hang", payload: [0x0A, 0x02, 0xC3, 0x28]), code: 3,
            reason: "BAD_MESSAGE"),
        BadRequest(
            testDescription: "metadata that is not UTF-8",
            payload: HandWritten.envelope(service: ScriptedMethods.service, method: "Hang")
                + HandWritten.field(5, HandWritten.field(1, [0xFF])), code: 3, reason: "BAD_MESSAGE"),
        BadRequest(
            testDescription: "a message that would need too much memory",
            payload: HandWritten.envelope(service: ScriptedMethods.service, method: "Hang")
                + (0..<20_000).flatMap { _ in [0x2A, 0x00] as [UInt8] }, code: 8, reason: "MESSAGE_TOO_COSTLY"),
        BadRequest(
            testDescription: "an unknown method",
            payload: HandWritten.envelope(service: ScriptedMethods.service, method: "Nothing"), code: 12),
        BadRequest(
            testDescription: "a frame that is too large", payload: [UInt8](repeating: 0, count: (1 << 20) + 1),
            code: 8, reason: "FRAME_TOO_LARGE"),
        BadRequest(
            testDescription: "a method that fails",
            payload: HandWritten.envelope(service: ScriptedMethods.service, method: "Fail"), code: 13),
    ]

    @Test("a call and a stream go on beside", arguments: badRequests)
    func others(bad: BadRequest) async throws {
        try await ScriptedServer.withPeer { server, peer in
            await peer.send(HandWritten.request(id: 1, "Gate", HandWritten.keyValue("g")))
            await peer.send(HandWritten.request(id: 3, "Steps", HandWritten.keyValue("s")))
            try await server.journal.untilNoted("gate g")
            try await server.journal.untilNoted("gate s")
            #expect(try await peer.frame().id == 3)

            await peer.send(HandWritten.frame(id: 5, type: 0x01, bad.payload))
            let refused = try await peer.frame()
            #expect(refused.id == 5)
            #expect(refused.type == 0x02)
            #expect(refused.outcome.code == bad.code)
            #expect(refused.outcome.reason == bad.reason)
            #expect(!refused.outcome.message.isEmpty)

            server.methods.open("s")
            #expect(try await peer.frame() == RawFrame(id: 3, type: 0x03, [0x0A, 0x01, 0x73]))
            server.methods.open("g")
            #expect(try await peer.frame().outcome.pair == ["g"])
            #expect(server.journal.entries.filter { $0.hasPrefix("cancelled") } == [])
        }
    }

    @Test("a flood of bad requests is answered one by one")
    func flood() async throws {
        let ids = (0..<2000).map { UInt32($0 * 2 + 1) }
        let frames = try await ScriptedServer.withPeer { _, peer in
            await peer.send(ids.flatMap { HandWritten.frame(id: $0, type: 0x01, [0xFF]) })
            return try await peer.frames(ids.count)
        }
        #expect(frames.map(\.id) == ids)
        #expect(frames.allSatisfy { $0.outcome.code == 3 })
    }
}
