// Chat and streamed answers through the client library, against a real server with scripted services.

import ChatClient
import RPC
import Synchronization
import Testing
import Wire

@Suite("ChatClient: chat", .timeLimit(.minutes(1)))
struct ChatTests {
    @Test("asks and returns the reply, with a turn id of its own making")
    func chat() async throws {
        let server = try await TestServer()
        let client = try server.client { $0.metadata = ["authorization": "Bearer x", "app": "a"] }
        let reply = try await client.chat(
            "hi", sessionID: "s1", options: ChatCallOptions(metadata: ["app": "b", "traceparent": "00-1"]))
        #expect(reply.text == "re: hi")
        #expect(reply.sessionID == "s1")
        #expect(reply.turnID.count == 32)
        let metadata = try #require(server.script.read { $0.metadata.first })
        #expect(metadata["authorization"] == "Bearer x")
        #expect(metadata["app"] == "b")
        #expect(metadata["traceparent"] == "00-1")
        let own = try await client.chat(ChatRequest(message: "hi", turnID: "t1"))
        #expect(own.turnID == "t1")
        await client.close()
        await server.stop()
    }

    @Test("repeats a chat that is safe to repeat with the same turn id")
    func chatRetries() async throws {
        let server = try await TestServer()
        let client = try server.client()
        server.script.state.withLock {
            $0.errors = [
                RPCError(.unavailable, "the store is gone", reason: "OUTCOME_UNKNOWN"),
                RPCError(.unavailable, "draining", reason: "NOT_PROCESSED"),
            ]
        }
        #expect(try await client.chat("hi").text == "re: hi")
        let turns = server.script.read { $0.chatRequests.map(\.turnID) }
        #expect(turns.count == 3 && Set(turns).count == 1)
        await client.close()
        await server.stop()
    }

    @Test("hands on errors with code, reason, info, pause and whether to try again")
    func errors() async throws {
        let server = try await TestServer()
        let client = try server.client()
        server.script.state.withLock {
            $0.errors = [
                RPCError(
                    .aborted, "another turn holds the session", reason: "SESSION_BUSY", info: ["session": "s"],
                    retryAfter: .seconds(2))
            ]
        }
        let error = await failure { try await client.chat("hi") }
        #expect(
            error
                == ChatClientError(
                    .aborted, "another turn holds the session", reason: "SESSION_BUSY", info: ["session": "s"],
                    retryAfter: .seconds(2)))
        #expect(error?.retryable == true)
        #expect(error?.description == "ABORTED (SESSION_BUSY): another turn holds the session")
        await client.close()
        await server.stop()
    }

    @Test("streams an answer whole")
    func streams() async throws {
        let server = try await TestServer()
        let client = try server.client()
        let stream = client.streamChat("hi")
        var text = ""
        var finished: TurnFinished?
        for try await event in stream {
            switch event {
            case .text(let piece): text += piece
            case .finished(let end): finished = end
            default: break
            }
        }
        #expect(text == TestChat.pieces.joined())
        #expect(finished?.turnID == stream.turnID)
        await client.close()
        await server.stop()
    }

    @Test("leaving the loop cancels the turn on the server")
    func leaving() async throws {
        let server = try await TestServer()
        let client = try server.client()
        server.script.state.withLock {
            $0.events = TestChat.pieces.enumerated().map { ChatEvent(sequence: UInt64($0 + 1), event: .text($1)) }
            $0.streamHangs = true
        }
        var pieces = 0
        for try await _ in client.streamChat("hi") {
            pieces += 1
            if pieces == 5 { break }
        }
        try await server.script.until { $0.cancelledStreams == 1 }
        await client.close()
        await server.stop()
    }

    @Test("cancelling the reader's task ends the stream with CANCELLED, here and there")
    func cancelling() async throws {
        let server = try await TestServer()
        let client = try server.client()
        server.script.state.withLock {
            $0.events = TestChat.pieces.enumerated().map { ChatEvent(sequence: UInt64($0 + 1), event: .text($1)) }
            $0.streamHangs = true
        }
        let task = Task { for try await _ in client.streamChat("hi") {} }
        try await server.script.until { !$0.chatRequests.isEmpty }
        task.cancel()
        #expect(await failure { try await task.value }?.code == .cancelled)
        try await server.script.until { $0.cancelledStreams == 1 }
        await client.close()
        await server.stop()
    }

    enum Damage: CaseIterable {
        case pieceMissing, endMissing, wrongLength, wrongChecksum, eventAfterEnd
    }

    @Test("notices what is missing from a streamed answer", arguments: Damage.allCases)
    func damage(_ damage: Damage) async throws {
        let server = try await TestServer()
        let client = try server.client()
        var events = TestChat.answer(ChatRequest(turnID: "t"))
        switch damage {
        case .pieceMissing: events.remove(at: 2)
        case .endMissing: events.removeLast()
        case .wrongLength: events[4].event = .finished(TurnFinished(textBytes: 17, textCrc32: TestChat.crc))
        case .wrongChecksum: events[4].event = .finished(TurnFinished(textBytes: 18, textCrc32: 1))
        case .eventAfterEnd: events.append(ChatEvent(sequence: 6, event: .heartbeat(Heartbeat())))
        }
        server.script.state.withLock { [events] in $0.events = events }
        let error = await failure { for try await _ in client.streamChat("hi") {} }
        #expect(error?.code == .dataLoss)
        #expect(error?.reason == ChatClientError.Reason.eventsLost)
        #expect(error?.retryable == true)
        await client.close()
        await server.stop()
    }

    @Test("tells what became of a cancelled turn")
    func cancelTurn() async throws {
        let server = try await TestServer()
        let client = try server.client()
        #expect(try await client.cancelTurn("running", sessionID: "s") == .cancelled)
        #expect(try await client.cancelTurn("other", sessionID: "s") == .notRunning)
        await client.close()
        await server.stop()
    }
}
