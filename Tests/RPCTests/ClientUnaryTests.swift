// Unary calls of the client against a peer that is scripted byte for byte.

import IOLoop
import ProtoMessages
import Testing
import Wire

@testable import RPC

@Suite("Client: unary calls", .timeLimit(.minutes(1)))
struct ClientUnaryTests {
    private func echo(_ client: RPCClient, _ bytes: [UInt8], _ options: CallOptions = CallOptions()) async throws
        -> [UInt8]
    {
        try await client.unary(TestMethods.echo, bytes, options: options)
    }

    @Test("sends the request as ttrpc has it and returns the reply's payload")
    func roundTrip() async throws {
        let both = try await ClientAndPeer()
        async let reply = echo(
            both.client, [1, 2, 3],
            CallOptions(timeout: .seconds(5), metadata: Metadata([("Trace-Parent", "00-ab")])))
        let frame = try await both.peer.nextRequest()
        #expect(frame.header.streamID.rawValue == 1)
        #expect(frame.header.flags == [])
        let request = try frame.request
        #expect(request.service == "test.v1.Test")
        #expect(request.method == "Echo")
        #expect(request.payload == [1, 2, 3])
        #expect(request.timeoutNano > 4_000_000_000 && request.timeoutNano <= 5_000_000_000)
        #expect(request.metadata == [EnvelopeKeyValue(key: "trace-parent", value: "00-ab")])
        await both.peer.respond(to: frame, [9])
        #expect(try await reply == [9])
        await both.close()
    }

    @Test("takes a status with code 0 for success, and an empty body too")
    func okInBothForms() async throws {
        let both = try await ClientAndPeer()
        async let first = echo(both.client, [])
        let frame = try await both.peer.nextRequest()
        let body = EnvelopeResponse(status: RPCStatus(code: 0), payload: [7]).packed()
        await both.peer.send(.response, frame.header.streamID, body)
        #expect(try await first == [7])
        async let second = echo(both.client, [])
        let next = try await both.peer.nextRequest()
        #expect(next.header.streamID.rawValue == 3)
        await both.peer.send(.response, next.header.streamID)
        #expect(try await second == [])
        await both.close()
    }

    @Test("hands on the server's error with reason, info and pause")
    func serverError() async throws {
        let both = try await ClientAndPeer()
        let reply = Task { try await echo(both.client, []) }
        let error = RPCError(
            .aborted, "someone else holds it", reason: "NOT_ACQUIRED", info: ["key": "k"], retryAfter: .seconds(3))
        await both.peer.fail(try await both.peer.nextRequest(), error)
        #expect(await failure { try await reply.value } == error)
        await both.close()
    }

    @Test("matches replies to calls whatever their order, and ignores frames it does not know")
    func outOfOrder() async throws {
        let both = try await ClientAndPeer()
        let count = 20
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                group.addTask {
                    let reply = try await echo(both.client, [UInt8(index)])
                    #expect(reply == [UInt8(index), 0xFF])
                }
            }
            var frames: [PeerFrame] = []
            for _ in 0..<count { frames.append(try await both.peer.nextRequest()) }
            let ids: [UInt32] = frames.map(\.header.streamID.rawValue)
            let expected: [UInt32] = (0..<count).map { UInt32(2 * $0 + 1) }
            #expect(ids == expected)
            var random = TestGenerator(seed: 3)
            for frame in frames.shuffled(using: &random) {
                await both.peer.send(FrameType(rawValue: 0x77), frame.header.streamID, [1, 2])
                await both.peer.send(.response, StreamID(rawValue: 99_999), [0xFF, 0xFF])
                await both.peer.send(.data, StreamID(rawValue: 4), [1])
                await both.peer.respond(to: frame, try frame.request.payload + [0xFF])
            }
            try await group.waitForAll()
        }
        #expect(await both.peer.connectionCount == 1)
        await both.close()
    }

    @Test("one call's broken answer harms no other")
    func brokenAnswers() async throws {
        let both = try await ClientAndPeer { $0.payloadBytesMax = 1000 }
        async let good = echo(both.client, [1])
        let goodFrame = try await both.peer.nextRequest()
        let oversized = Task { try await echo(both.client, [2]) }
        let oversizedFrame = try await both.peer.nextRequest()
        let streamed = Task { try await echo(both.client, [3]) }
        let streamedFrame = try await both.peer.nextRequest()
        let malformed = Task { try await echo(both.client, [4]) }
        let malformedFrame = try await both.peer.nextRequest()
        await both.peer.respond(to: oversizedFrame, [UInt8](repeating: 0, count: 2000))
        await both.peer.send(.data, streamedFrame.header.streamID, [1])
        await both.peer.send(.response, malformedFrame.header.streamID, [0xFF, 0xFF, 0xFF])
        await both.peer.respond(to: goodFrame, [1])
        #expect(try await good == [1])
        #expect(await code { try await oversized.value } == .resourceExhausted)
        #expect(await code { try await streamed.value } == .internalError)
        #expect(await code { try await malformed.value } == .internalError)
        #expect(await both.client.connectionCount == 1)
        await both.close()
    }

    @Test("refuses a request above the limit without sending it")
    func oversizedRequest() async throws {
        let both = try await ClientAndPeer { $0.payloadBytesMax = 1000 }
        let failed = await failure { try await echo(both.client, [UInt8](repeating: 0, count: 1000)) }
        #expect(failed?.code == .resourceExhausted)
        #expect(failed?.reason == ErrorReason.frameTooLarge)
        async let next = echo(both.client, [5])
        let frame = try await both.peer.nextRequest()
        #expect(try frame.request.payload == [5])
        await both.peer.respond(to: frame, [])
        _ = try await next
        await both.close()
    }

    @Test("tells the server of a cancelled call, and drops its late answer")
    func cancellation() async throws {
        let both = try await ClientAndPeer()
        // A first call, so that the PONG has come.
        async let first = echo(both.client, [])
        await both.peer.respond(to: try await both.peer.nextRequest(), [])
        _ = try await first
        let task = Task { try await echo(both.client, [1]) }
        let frame = try await both.peer.nextRequest()
        task.cancel()
        #expect(await code { try await task.value } == .cancelled)
        let cancel = try await both.peer.next()
        #expect(cancel.header == FrameHeader(length: 0, streamID: frame.header.streamID, type: .cancel))
        await both.peer.respond(to: frame, [1])
        async let after = echo(both.client, [2])
        await both.peer.respond(to: try await both.peer.nextRequest(), [2])
        #expect(try await after == [2])
        await both.close()
    }

    @Test("tells of a cancelled call when the PONG comes later than the cancellation")
    func cancellationBeforePong() async throws {
        let both = try await ClientAndPeer(ScriptedPeer.Habits(answersPings: false))
        let task = Task { try await echo(both.client, [1]) }
        let frame = try await both.peer.nextRequest()
        task.cancel()
        _ = await task.result
        await both.peer.send(.pong, .connection)
        let cancel = try await both.peer.next()
        #expect(cancel.header.type == .cancel)
        #expect(cancel.header.streamID == frame.header.streamID)
        await both.close()
    }

    @Test("sends a stock server nothing but calls after the first PING, and does not take its silence for death")
    func stockServer() async throws {
        let both = try await ClientAndPeer(ScriptedPeer.Habits(answersPings: false)) {
            $0.pingInterval = .milliseconds(5)
            $0.pingTimeout = .milliseconds(5)
        }
        let task = Task { try await echo(both.client, [1]) }
        _ = try await both.peer.nextRequest()
        task.cancel()
        _ = await task.result
        try await both.peer.rest(.milliseconds(60))
        async let next = echo(both.client, [2])
        // Were a CANCEL sent, it would come before.
        await both.peer.respond(to: try await both.peer.nextRequest(), [2])
        #expect(try await next == [2])
        #expect(await both.peer.pingCount == 1)
        #expect(await both.peer.connectionCount == 1)
        await both.close()
    }

    @Test("carries many calls at once, each with its own answer", arguments: [1, 64])
    func manyCalls(inFlightMax: Int) async throws {
        let habits = ScriptedPeer.Habits(answer: { frame in
            guard let request = try? frame.request else { return nil }
            return ScriptedPeer.response(frame.header.streamID, request.payload.reversed())
        })
        let both = try await ClientAndPeer(habits) { $0.callsInFlightMax = inFlightMax }
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<16 {
                group.addTask {
                    var random = TestGenerator(seed: UInt64(worker))
                    for _ in 0..<100 {
                        let size = Int.random(in: 0...300, using: &random)
                        let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
                        let reply = try? await echo(both.client, bytes)
                        #expect(reply == bytes.reversed())
                    }
                }
            }
        }
        #expect(await both.client.callCount == 0)
        await both.close()
    }

    @Test("fails calls beyond the line at once, and gives places back in order")
    func callLine() async throws {
        let both = try await ClientAndPeer {
            $0.callsInFlightMax = 1
            $0.callsQueuedMax = 1
        }
        async let first = echo(both.client, [1])
        let frame = try await both.peer.nextRequest()
        let second = Task { try await echo(both.client, [2]) }
        try await eventually { await both.client.queuedCallCount == 1 }
        #expect(await failure { try await echo(both.client, [3]) }?.reason == ErrorReason.tooManyCalls)
        second.cancel()
        #expect(await code { try await second.value } == .cancelled)
        let third = CallOptions(timeout: .milliseconds(5))
        #expect(await code { try await echo(both.client, [3], third) } == .deadlineExceeded)
        async let fourth = echo(both.client, [4])
        try await eventually { await both.client.queuedCallCount == 1 }
        await both.peer.respond(to: frame, [1])
        #expect(try await first == [1])
        let fourthFrame = try await both.peer.nextRequest()
        #expect(try fourthFrame.request.payload == [4])
        await both.peer.respond(to: fourthFrame, [4])
        #expect(try await fourth == [4])
        await both.close()
    }

    @Test("ends everything when it is closed")
    func closing() async throws {
        let both = try await ClientAndPeer()
        let task = Task { try await echo(both.client, [1]) }
        _ = try await both.peer.nextRequest()
        await both.client.close()
        let failed = await failure { try await task.value }
        #expect(failed?.code == .cancelled)
        #expect(failed?.reason == ErrorReason.clientClosed)
        #expect(await failure { try await echo(both.client, []) }?.reason == ErrorReason.clientClosed)
        try await both.peer.until { $0.openConnectionCount == 0 }
        await both.close()
    }

    @Test("ends its connection when it is released")
    func releasing() async throws {
        let peer = try await ScriptedPeer()
        var client: RPCClient? = try await ClientAndPeer.client([peer.endpoint()])
        try await client?.connect()
        try await peer.until { $0.openConnectionCount == 1 }
        client = nil
        try await peer.until { $0.openConnectionCount == 0 }
        await peer.close()
    }
}

/// The error that a call ended with.
func failure<R>(_ body: () async throws -> R) async -> RPCError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? RPCError
    }
}

func code<R>(_ body: () async throws -> R) async -> StatusCode? { await failure(body)?.code }
