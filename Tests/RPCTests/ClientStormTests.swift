// Everything at once, seeded: calls and streams with deadlines and cancellations, over connections that are cut,
// drained and stalled. What must hold: every call ends, an answer is the right one, and nothing is left behind.

import IOLoop
import ProtoMessages
import Testing
import Wire

@testable import RPC

@Suite("Client: storm", .timeLimit(.minutes(2)))
struct ClientStormTests {
    /// Answers most requests, cuts the connection at some, forgets some, drains at some.
    private static func habits(seed: UInt64) -> ScriptedPeer.Habits {
        ScriptedPeer.Habits(answer: { frame in
            guard let request = try? frame.request else { return nil }
            let id = frame.header.streamID
            var random = TestGenerator(seed: seed ^ UInt64(id.rawValue) ^ UInt64(frame.connection) << 32)
            if request.method == "Count" {
                var bytes: [UInt8] = []
                for number in 0..<UInt8.random(in: 0...20, using: &random) {
                    bytes += ScriptedPeer.frame(.data, id, request.payload + [number])
                }
                return bytes + ScriptedPeer.frame(.data, id, flags: .streamEnd)
            }
            let reply = ScriptedPeer.response(id, request.payload)
            switch Int.random(in: 0..<200, using: &random) {
            case 0: return [0xFF]  // Not a frame: the client must cut the connection.
            case 1: return reply + ScriptedPeer.frame(.drain, .connection)
            case 2: return []
            case 3: return ScriptedPeer.frame(.data, id, [1])
            case 4: return ScriptedPeer.frame(FrameType(rawValue: 0x60), id, [1, 2, 3]) + reply
            default: return reply
            }
        })
    }

    @Test("every call ends, with the right answer or an error that fits", arguments: [UInt64(1), 2, 3])
    func storm(seed: UInt64) async throws {
        let peers = [
            try await ScriptedPeer(Self.habits(seed: seed)), try await ScriptedPeer(Self.habits(seed: seed + 100)),
        ]
        let client = try ClientAndPeer.client([try await peers[0].endpoint(), try await peers[1].endpoint()]) {
            $0.callsInFlightMax = 12
            $0.random = TestGenerator(seed: seed)
            $0.streamBufferBytesMax = 500
            $0.headOfLineTimeout = .milliseconds(20)
        }
        let answered = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<16 {
                group.addTask { await Self.work(client, TestGenerator(seed: seed * 1000 + UInt64(worker))) }
            }
            return await group.reduce(0, +)
        }
        // Most calls succeed: failures are rare and the rest must not suffer.
        #expect(answered > 16 * 60 * 2 / 3)
        try await eventually { await client.callCount == 0 }
        #expect(await client.queuedCallCount == 0)
        // Connections that were to end did.
        try await eventually { await client.connectionCount <= 1 }
        await client.close()
        for peer in peers {
            try await peer.until { $0.openConnectionCount == 0 }
            await peer.close()
        }
    }

    /// Makes calls one after the other; returns how many were answered.
    private static func work(_ client: RPCClient, _ generator: TestGenerator) async -> Int {
        var random = generator
        var answered = 0
        for number in 0..<60 {
            let payload = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let options = CallOptions(
                timeout: .milliseconds(Int.random(in: 100...1000, using: &random)), isSafeToRetry: number % 2 == 0)
            let isStream = number % 4 == 3
            let call = Task {
                isStream
                    ? try await stream(client, payload, options)
                    : try await client.unary(TestMethods.echo, payload, options: options) == payload
            }
            if Int.random(in: 0..<20, using: &random) == 0 { call.cancel() }
            do {
                #expect(try await call.value)
                answered += 1
            } catch {
                let allowed: Set<StatusCode> = [
                    .cancelled, .deadlineExceeded, .unavailable, .internalError, .resourceExhausted,
                ]
                #expect((error as? RPCError).map { allowed.contains($0.code) } == true, "\(error)")
            }
        }
        return answered
    }

    /// Reads a stream, sometimes not to its end; true when the messages are right.
    private static func stream(_ client: RPCClient, _ payload: [UInt8], _ options: CallOptions) async throws -> Bool {
        let stream = try await client.serverStream(TestMethods.count, payload, options: options)
        var number: UInt8 = 0
        while let message = try await stream.next() {
            guard message == payload + [number] else { return false }
            number += 1
            if number == payload[0] % 30 { break }
        }
        return true
    }
}
