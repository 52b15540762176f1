// How the client comes by connections and loses them: fail-over, reconnecting, drain, age, keep-alive, deadlines at
// each stage.

import Glibc
import IOLoop
import ProtoMessages
import Testing
import Wire

@testable import RPC

@Suite("Client: connections", .timeLimit(.minutes(1)))
struct ClientConnectionTests {
    private func echo(
        _ client: RPCClient, _ bytes: [UInt8] = [], timeout: Duration? = .seconds(20), isSafe: Bool = false
    ) async throws -> [UInt8] {
        try await client.unary(
            TestMethods.echo, bytes, options: CallOptions(timeout: timeout, isSafeToRetry: isSafe))
    }

    private static let echoing = ScriptedPeer.Habits(answer: { frame in
        (try? frame.request).map { ScriptedPeer.response(frame.header.streamID, $0.payload) }
    })

    /// An endpoint where nobody listens.
    private func deadEndpoint() async throws -> Endpoint {
        let peer = try await ScriptedPeer()
        let endpoint = try await peer.endpoint()
        await peer.close()
        return endpoint
    }

    @Test("goes to the next address when one is dead")
    func failOver() async throws {
        let peer = try await ScriptedPeer(Self.echoing)
        let client = try ClientAndPeer.client([try await deadEndpoint(), try await peer.endpoint()])
        #expect(try await echo(client, [1]) == [1])
        await client.close()
        await peer.close()
    }

    @Test("names every address when none can be reached, after a bounded number of tries")
    func allDead() async throws {
        let dead = [try await deadEndpoint(), try await deadEndpoint()]
        let client = try ClientAndPeer.client(dead)
        let failed = await failure { try await echo(client, timeout: nil) }
        #expect(failed?.code == .unavailable)
        #expect(failed?.reason == ErrorReason.notConnected)
        for endpoint in dead { #expect(failed?.message.contains(endpoint.description) == true) }
        #expect(failed?.message.contains("refused") == true)
        await client.close()
    }

    @Test("says that a name cannot be resolved")
    func unknownName() async throws {
        let client = try ClientAndPeer.client([.host("no-such-host.invalid", port: 1)]) { $0.attemptsMax = 1 }
        let failed = await failure { try await echo(client) }
        #expect(failed?.message.contains("no-such-host.invalid") == true)
        await client.close()
    }

    @Test("connects again after the server closed, with the next address first")
    func reconnects() async throws {
        let first = try await ScriptedPeer(Self.echoing)
        let second = try await ScriptedPeer(Self.echoing)
        let client = try ClientAndPeer.client([try await first.endpoint(), try await second.endpoint()])
        #expect(try await echo(client, [1]) == [1])
        await first.close()
        try await eventually { await client.connectionCount == 0 }
        #expect(try await echo(client, [2]) == [2])
        #expect(await second.connectionCount == 1)
        await client.close()
        await second.close()
    }

    @Test("fails calls whose connection is lost, and repeats those that are safe", arguments: [true, false])
    func connectionLost(isSafe: Bool) async throws {
        let both = try await ClientAndPeer()
        let task = Task { try await echo(both.client, [1], isSafe: isSafe) }
        _ = try await both.peer.nextRequest()
        await both.peer.closeConnection()
        if isSafe {
            let again = try await both.peer.nextRequest()
            #expect(again.connection == 1)
            await both.peer.respond(to: again, [1])
            #expect(try await task.value == [1])
        } else {
            let failed = await failure { try await task.value }
            #expect(failed?.code == .unavailable)
            #expect(failed?.reason == ErrorReason.connectionLost)
        }
        await both.close()
    }

    @Test("repeats a call that the server did not begin, after the pause that it asked for")
    func notProcessed() async throws {
        let both = try await ClientAndPeer()
        let task = Task { try await echo(both.client, [1]) }
        let refusal = RPCError(
            .unavailable, "draining", reason: ErrorReason.notProcessed, retryAfter: .milliseconds(60))
        await both.peer.fail(try await both.peer.nextRequest(), refusal)
        let refusedAt = ContinuousClock.now
        let again = try await both.peer.nextRequest()
        #expect(.now - refusedAt >= .milliseconds(50))
        await both.peer.respond(to: again, [1])
        #expect(try await task.value == [1])
        await both.close()
    }

    @Test("gives up after the named number of attempts")
    func boundedAttempts() async throws {
        let refusal = RPCError(.unavailable, "draining", reason: ErrorReason.notProcessed)
        let both = try await ClientAndPeer { $0.attemptsMax = 3 }
        let task = Task { try await echo(both.client, [1]) }
        for _ in 0..<3 { await both.peer.fail(try await both.peer.nextRequest(), refusal) }
        #expect(await failure { try await task.value } == refusal)
        #expect(await both.peer.unreadFrames == 0)
        await both.close()
    }

    @Test("does not repeat what is neither safe nor unbegun")
    func unsafeErrors() async throws {
        let both = try await ClientAndPeer()
        let task = Task { try await echo(both.client, [1]) }
        await both.peer.fail(try await both.peer.nextRequest(), RPCError(.unavailable, "the model is gone"))
        #expect(await code { try await task.value } == .unavailable)
        await both.close()
    }

    @Test("after DRAIN new calls use a new connection, and the old one ends with its last call")
    func drain() async throws {
        let both = try await ClientAndPeer()
        let old = Task { try await echo(both.client, [1]) }
        let oldFrame = try await both.peer.nextRequest()
        await both.peer.send(.drain, .connection)
        try await both.peer.until { $0.connectionCount == 2 }
        async let new = echo(both.client, [2])
        let newFrame = try await both.peer.nextRequest()
        #expect(newFrame.connection == 1)
        await both.peer.respond(to: newFrame, [2])
        #expect(try await new == [2])
        #expect(await both.peer.openConnectionCount == 2)
        await both.peer.respond(to: oldFrame, [1])
        #expect(try await old.value == [1])
        try await both.peer.until { $0.openConnectionCount == 1 }
        await both.close()
    }

    @Test("replaces a connection at its maximum age without failing a call")
    func age() async throws {
        let both = try await ClientAndPeer(Self.echoing) { $0.connectionAgeMax = .milliseconds(20) }
        var calls: UInt8 = 0
        while await both.peer.connectionCount < 3 {
            calls &+= 1
            #expect(try await echo(both.client, [calls]) == [calls])
        }
        try await both.peer.until { $0.openConnectionCount <= 2 }
        await both.close()
    }

    @Test("takes a server that stops answering PING for dead")
    func deadServer() async throws {
        let both = try await ClientAndPeer {
            $0.pingInterval = .milliseconds(20)
            $0.pingTimeout = .milliseconds(60)
        }
        try await both.client.connect()
        try await both.peer.until { $0.pingCount >= 2 }
        let task = Task { try await echo(both.client, [1]) }
        _ = try await both.peer.nextRequest()
        await both.peer.pauseReading()
        let failed = await failure { try await task.value }
        #expect(failed?.reason == ErrorReason.connectionLost)
        #expect(failed?.message.contains("ping") == true)
        await both.close()
    }

    @Test("answers the server's PING")
    func answersPing() async throws {
        let both = try await ClientAndPeer()
        try await both.client.connect()
        try await both.peer.until { $0.connectionCount == 1 }
        await both.peer.send(.ping, .connection, [1, 2, 3])
        let pong = try await both.peer.next()
        #expect(pong.header == FrameHeader(length: 3, streamID: .connection, type: .pong))
        #expect(pong.payload == [1, 2, 3])
        await both.close()
    }

    @Test("says that something else listens there when its bytes are no frames")
    func notOurProtocol() async throws {
        let both = try await ClientAndPeer { $0.attemptsMax = 1 }
        let task = Task { try await echo(both.client, [1]) }
        _ = try await both.peer.nextRequest()
        await both.peer.sendBytes(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        #expect(await failure { try await task.value }?.message.contains("does not speak") == true)
        await both.close()
    }

    // MARK: Deadlines

    @Test("ends by its deadline when the server never answers, and says so to it")
    func deadlineWhileWaiting() async throws {
        let both = try await ClientAndPeer()
        try await both.client.connect()
        let failed = await failure { try await echo(both.client, [1], timeout: .milliseconds(50)) }
        #expect(failed?.code == .deadlineExceeded)
        #expect(try await both.peer.next().header.type == .request)
        #expect(try await both.peer.next().header.type == .cancel)
        await both.close()
    }

    @Test("ends by its deadline while the server does not accept")
    func deadlineWhileConnecting() async throws {
        let full = try FullBacklog()
        defer { full.close() }
        let client = try ClientAndPeer.client([full.endpoint])
        let failed = await failure { try await echo(client, [1], timeout: .milliseconds(50)) }
        #expect(failed?.code == .deadlineExceeded)
        #expect(failed?.message.contains("not sent") == true)
        await client.close()
    }

    @Test("tries the next address when one does not accept within the connect timeout")
    func connectTimeout() async throws {
        let full = try FullBacklog()
        defer { full.close() }
        let peer = try await ScriptedPeer(Self.echoing)
        let client = try ClientAndPeer.client([full.endpoint, try await peer.endpoint()]) {
            $0.connectTimeout = .milliseconds(50)
        }
        #expect(try await echo(client, [1]) == [1])
        await client.close()
        await peer.close()
    }

    @Test("ends by its deadline while the server does not read")
    func deadlineWhileWriting() async throws {
        let both = try await ClientAndPeer { $0.callsInFlightMax = 64 }
        try await both.client.connect()
        try await both.peer.until { $0.connectionCount == 1 }
        await both.peer.pauseReading()
        // Together more than the socket's buffers on both sides hold.
        let big = [UInt8](repeating: 0, count: 3 << 20)
        await withTaskGroup(of: RPCError?.self) { group in
            for _ in 0..<30 { group.addTask { await failure { try await echo(both.client, big, timeout: nil) } } }
            var waiting = (before: 0, now: 0)
            while waiting.now == 0 || waiting.before != waiting.now {
                try? await Task.sleep(for: .milliseconds(100))
                waiting = (waiting.now, await both.client.unwrittenCallCount)
            }
            let late = await failure { try await echo(both.client, [1], timeout: .milliseconds(20)) }
            #expect(late?.code == .deadlineExceeded)
            #expect(late?.message.contains("did not read") == true)
            await both.client.close()
            for await ended in group { #expect(ended?.reason == ErrorReason.clientClosed) }
        }
        #expect(await both.client.callCount == 0)
        await both.close()
    }

    @Test("a deadline that has passed sends nothing")
    func deadlinePassed() async throws {
        let both = try await ClientAndPeer()
        try await both.client.connect()
        #expect(await code { try await echo(both.client, [1], timeout: .zero) } == .deadlineExceeded)
        #expect(await both.peer.unreadFrames == 0)
        await both.close()
    }
}

/// A listening socket whose queue of connections is full, so that connecting to it hangs.
private struct FullBacklog {
    private let descriptors: [Int32]
    let endpoint: Endpoint

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var made = [listener]
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try #require(bind(listener, pointer, size) == 0)
                try #require(listen(listener, 0) == 0)
                try #require(getsockname(listener, pointer, &size) == 0)
                // The queue takes one more than it says.
                for _ in 0..<4 {
                    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(client, pointer, size)
                    made.append(client)
                }
            }
        }
        descriptors = made
        endpoint = .host("127.0.0.1", port: UInt16(bigEndian: address.sin_port))
    }

    func close() {
        for descriptor in descriptors { _ = Glibc.close(descriptor) }
    }
}
