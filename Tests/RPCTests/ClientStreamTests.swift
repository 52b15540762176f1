// Server streams of the client against a peer that is scripted byte for byte.

import IOLoop
import ProtoMessages
import Testing
import Wire

@testable import RPC

@Suite("Client: server streams", .timeLimit(.minutes(1)))
struct ClientStreamTests {
    private func stream(
        _ both: ClientAndPeer, _ options: CallOptions = CallOptions()
    ) async throws -> (any InboundStream, PeerFrame) {
        let stream = try await both.client.serverStream(TestMethods.count, [1], options: options)
        return (stream, try await both.peer.nextRequest())
    }

    private func all(_ stream: any InboundStream) async throws -> [[UInt8]] {
        var messages: [[UInt8]] = []
        while let message = try await stream.next() { messages.append(message) }
        return messages
    }

    @Test("sends one closed request and reads messages, empty ones too, up to the end")
    func reads() async throws {
        let both = try await ClientAndPeer()
        let (stream, frame) = try await stream(both)
        #expect(frame.header.flags == .remoteClosed)
        let id = frame.header.streamID
        await both.peer.send(.data, id, [1])
        await both.peer.send(.data, id)
        await both.peer.send(.data, id, flags: .noData)
        await both.peer.send(.data, id, [2, 3])
        await both.peer.send(.data, id, flags: .streamEnd)
        #expect(try await all(stream) == [[1], [], [2, 3]])
        #expect(try await stream.next() == nil)
        #expect(await both.client.callCount == 0)
        await both.close()
    }

    @Test("takes the other ends that servers write")
    func otherEnds() async throws {
        let both = try await ClientAndPeer()
        let (piggyback, first) = try await stream(both)
        await both.peer.send(.data, first.header.streamID, [1], flags: .remoteClosed)
        #expect(try await all(piggyback) == [[1]])
        let (okResponse, second) = try await stream(both)
        await both.peer.send(.data, second.header.streamID, [1])
        await both.peer.respond(to: second, [])
        #expect(try await all(okResponse) == [[1]])
        let (withReply, third) = try await stream(both)
        await both.peer.respond(to: third, [1])
        #expect(await code { try await withReply.next() } == .internalError)
        await both.close()
    }

    @Test("delivers what came before an error, then the error, and again when asked again")
    func errorInTheMiddle() async throws {
        let both = try await ClientAndPeer()
        let (stream, frame) = try await stream(both)
        await both.peer.send(.data, frame.header.streamID, [1])
        await both.peer.fail(frame, RPCError(.unavailable, "the model is gone"))
        #expect(try await stream.next() == [1])
        #expect(await code { try await stream.next() } == .unavailable)
        #expect(await code { try await stream.next() } == .unavailable)
        await both.close()
    }

    @Test("cancels on the server when the task, the caller or the last reference says so", arguments: 0..<3)
    func cancels(way: Int) async throws {
        let both = try await ClientAndPeer()
        try await both.client.connect()
        var (stream, frame): ((any InboundStream)?, PeerFrame) = try await self.stream(both)
        await both.peer.send(.data, frame.header.streamID, [1])
        #expect(try await stream?.next() == [1])
        switch way {
        case 0:
            let waiting = Task { [stream] in try await stream?.next() }
            waiting.cancel()
            #expect(await code { try await waiting.value } == .cancelled)
        case 1:
            stream?.cancel()
            #expect(await code { try await stream?.next() } == .cancelled)
        default:
            stream = nil
        }
        let cancel = try await both.peer.next()
        #expect(cancel.header == FrameHeader(length: 0, streamID: frame.header.streamID, type: .cancel))
        await both.peer.send(.data, frame.header.streamID, [2])
        #expect(await both.client.callCount == 0)
        await both.close()
    }

    @Test("ends by its deadline in the middle, and tells the server")
    func deadline() async throws {
        let both = try await ClientAndPeer()
        try await both.client.connect()
        let (stream, frame) = try await stream(both, CallOptions(timeout: .milliseconds(500)))
        await both.peer.send(.data, frame.header.streamID, [1])
        #expect(try await stream.next() == [1])
        #expect(await code { try await stream.next() } == .deadlineExceeded)
        #expect(try await both.peer.next().header.type == .cancel)
        await both.close()
    }

    @Test("a reader that does not read stops the socket, and what is buffered stays bounded")
    func backPressure() async throws {
        let both = try await ClientAndPeer { $0.streamBufferBytesMax = 32 * 1024 }
        let (stream, frame) = try await stream(both)
        let message = [UInt8](repeating: 1, count: 1000)
        // More than all socket buffers hold.
        let count = 60_000
        let bytes = ScriptedPeer.frame(.data, frame.header.streamID, message)
        for _ in 0..<count { await both.peer.sendBytes(bytes) }
        await both.peer.send(.data, frame.header.streamID, flags: .streamEnd)
        try await both.peer.untilQueueIsSteady()
        #expect(await both.peer.queuedBytes() > 10_000_000)
        var received = 0
        while let next = try await stream.next() {
            #expect(next.count == message.count)
            received += 1
        }
        #expect(received == count)
        await both.close()
    }

    @Test("a reader may make a call while its own stream is full")
    func callWithinFullStream() async throws {
        let both = try await ClientAndPeer { $0.streamBufferBytesMax = 8 * 1024 }
        let (stream, frame) = try await stream(both)
        let bytes = ScriptedPeer.frame(.data, frame.header.streamID, [UInt8](repeating: 1, count: 1000))
        for _ in 0..<24 { await both.peer.sendBytes(bytes) }
        #expect(try await stream.next()?.count == 1000)
        async let reply = both.client.unary(TestMethods.echo, [5], options: CallOptions(timeout: .seconds(10)))
        await both.peer.respond(to: try await both.peer.nextRequest(), [5])
        #expect(try await reply == [5])
        await both.close()
    }

    @Test("a stream that holds up others for too long fails, and they go on")
    func slowReaderFails() async throws {
        let both = try await ClientAndPeer {
            $0.streamBufferBytesMax = 4 * 1024
            $0.headOfLineTimeout = .milliseconds(50)
        }
        let (slow, frame) = try await stream(both)
        let bytes = ScriptedPeer.frame(.data, frame.header.streamID, [UInt8](repeating: 1, count: 1000))
        for _ in 0..<2000 { await both.peer.sendBytes(bytes) }
        async let reply = both.client.unary(TestMethods.echo, [5], options: CallOptions(timeout: .seconds(10)))
        await both.peer.respond(to: try await both.peer.nextRequest(), [5])
        #expect(try await reply == [5])
        var outcome: RPCError?
        var received = 0
        while outcome == nil, received < 2000 {
            outcome = await failure { received += try await slow.next() == nil ? 2000 : 1 }
        }
        #expect(outcome?.reason == ErrorReason.slowReader)
        await both.close()
    }

    @Test("an abandoned full stream blocks nobody")
    func abandonedFullStream() async throws {
        let both = try await ClientAndPeer { $0.streamBufferBytesMax = 4 * 1024 }
        var (abandoned, frame): ((any InboundStream)?, PeerFrame) = try await stream(both)
        let bytes = ScriptedPeer.frame(.data, frame.header.streamID, [UInt8](repeating: 1, count: 1000))
        for _ in 0..<2000 { await both.peer.sendBytes(bytes) }
        #expect(try await abandoned?.next()?.count == 1000)
        abandoned = nil
        #expect(try await both.peer.next().header.type == .cancel)
        async let reply = both.client.unary(TestMethods.echo, [5], options: CallOptions(timeout: .seconds(10)))
        await both.peer.respond(to: try await both.peer.nextRequest(), [5])
        #expect(try await reply == [5])
        await both.close()
    }

    @Test("is tried again before its first message, and never after", arguments: [true, false])
    func retries(hasBegun: Bool) async throws {
        let both = try await ClientAndPeer()
        let (stream, frame) = try await stream(both, CallOptions(isSafeToRetry: true))
        if hasBegun {
            await both.peer.send(.data, frame.header.streamID, [1])
            #expect(try await stream.next() == [1])
        }
        await both.peer.closeConnection()
        async let next = stream.next()
        if hasBegun {
            do {
                _ = try await next
                Issue.record("the stream went on after its connection was lost")
            } catch {
                #expect((error as? RPCError)?.reason == ErrorReason.connectionLost)
            }
        } else {
            let again = try await both.peer.nextRequest()
            #expect(again.connection == 1)
            await both.peer.send(.data, again.header.streamID, [7], on: 1)
            #expect(try await next == [7])
        }
        await both.close()
    }

    @Test("an oversized message ends its stream alone")
    func oversizedMessage() async throws {
        let both = try await ClientAndPeer { $0.payloadBytesMax = 1000 }
        let (stream, frame) = try await stream(both)
        let (other, otherFrame) = try await self.stream(both)
        await both.peer.send(.data, frame.header.streamID, [UInt8](repeating: 0, count: 5000))
        await both.peer.send(.data, otherFrame.header.streamID, [1])
        #expect(await failure { try await stream.next() }?.reason == ErrorReason.frameTooLarge)
        #expect(try await other.next() == [1])
        await both.close()
    }
}
