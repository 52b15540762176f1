// What the facade adds to its store for imports: rules, defaults, the session's lock, and errors that say what to do.

import EngineConformance
import Testing

@testable import ChatEngine

@Suite("Import of messages")
struct ImportTests {
    private func user(_ text: String) -> StoredMessage {
        StoredMessage(role: .user, text: text, turnID: "", createdAtMicroseconds: 0)
    }

    private func assistant(_ text: String) -> StoredMessage {
        StoredMessage(role: .assistant, text: text, turnID: "", createdAtMicroseconds: 0)
    }

    private func request(_ messages: [StoredMessage], first: Int = 1) -> ImportRequest {
        ImportRequest(owner: "o", sessionID: "s", firstPosition: first, messages: messages)
    }

    private func error(_ body: () async throws -> Void) async -> EngineError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? EngineError
        }
    }

    @Test("a conversation is imported, repeated without harm, and goes on with turns")
    func conversation() async throws {
        let harness = EngineHarness()
        let talk = [assistant("welcome"), user("what is a lease?"), assistant("a lock with an end")]
        let first = try await harness.engine.importMessages(request(talk))
        #expect(first.added == 3 && first.session.title == "welcome")
        #expect(first.session.createdAtMicroseconds == harness.clock.wallMicroseconds)
        #expect(try await harness.engine.importMessages(request(talk)).added == 0)
        #expect(try await !harness.isLocked("s"))
        _ = try await harness.run(.test("and a fence?"))
        #expect(try await harness.texts("s") == talk.map(\.text) + ["and a fence?", "Hello, world"])
        #expect(try await harness.engine.importMessages(request(talk)).added == 0)
    }

    @Test("a session's time is not in the future, and its title is the first words that there are")
    func defaults() async throws {
        let harness = EngineHarness()
        var late = request([user(""), assistant("  first   words ")])
        late.createdAtMicroseconds = .max
        let session = try await harness.engine.importMessages(late).session
        #expect(session.createdAtMicroseconds == harness.clock.wallMicroseconds)
        #expect(session.title == "first words")
    }

    @Test("a conflict and a busy session are told apart, and leave no lock behind")
    func refusals() async throws {
        let gate = Gate()
        let harness = EngineHarness(
            model: ClosureModel { _, emit in
                try await gate.pass()
                try await emit(.text("late"))
                return ModelCompletion(model: "m", finishReason: .stop)
            }
        ) { $0.sessionLockWaitMax = .seconds(3) }
        _ = try await harness.engine.importMessages(request([user("a"), assistant("b")]))
        let conflict = await error { _ = try await harness.engine.importMessages(request([user("x")])) }
        #expect(conflict?.reason == "IMPORT_CONFLICT" && conflict?.message.contains("session s") == true)
        #expect(try await !harness.isLocked("s"))

        let turn = harness.start(.test("q"))
        #expect(try await harness.eventually { gate.enteredCount == 1 })
        let engine = harness.engine
        let more = request([user("c")], first: 3)
        let waiting = Task { try await engine.importMessages(more) }
        let key = LockKey(.session, owner: "o", name: "s")
        #expect(try await harness.eventually { try await harness.parts.locks.inspect(key)?.waiters == 1 })
        harness.clock.advance(by: .seconds(4))
        let busy = await error { _ = try await waiting.value }
        #expect(busy?.reason == "SESSION_BUSY")
        gate.open()
        _ = try await turn.task.value
        #expect(try await !harness.isLocked("s"))
        // The turn's messages stand there now.
        #expect(await error { _ = try await engine.importMessages(more) }?.reason == "IMPORT_CONFLICT")
    }

    @Test("one that is cancelled in line, or whose lock is lost, stores nothing")
    func cutOff() async throws {
        let harness = EngineHarness()
        let key = LockKey(.session, owner: "o", name: "s")
        let token = LockToken.random()
        _ = try await harness.parts.locks.acquire(
            LockRequest(key: key, token: token, timeToLive: .seconds(100)))
        let engine = harness.engine
        let wanted = request([user("a")])
        let waiting = Task { try await engine.importMessages(wanted) }
        #expect(try await harness.eventually { try await harness.parts.locks.inspect(key)?.waiters == 1 })
        waiting.cancel()
        await #expect(throws: CancellationError.self) { _ = try await waiting.value }
        #expect(try await harness.parts.locks.release(key, token: token))
        #expect(try await !harness.isLocked("s"))

        let breakpoint = Breakpoint(.append)
        let stepped = EngineHarness(store: { SteppedStore(base: $0.sessionStore, breakpoint: breakpoint) })
        let losing = stepped.engine
        let late = Task { try await losing.importMessages(wanted) }
        #expect(try await stepped.eventually { breakpoint.gate.enteredCount == 1 })
        stepped.clock.advance(by: .seconds(11))
        breakpoint.gate.open()
        #expect(await error { _ = try await late.value }?.reason == "LOCK_LOST")
        #expect(try await stepped.texts("s") == [])
    }

    @Test("messages that break a rule are refused with the limit's name")
    func rules() async throws {
        let engine = EngineHarness {
            $0.limits.importedMessagesMax = 2
            $0.limits.importedToolCallsMax = 1
            $0.limits.messageBytesMax = 10
            $0.limits.answerBytesMax = 20
        }.engine
        let call = ToolCall(id: "1", name: "n", arguments: "{}")
        func changed(_ message: StoredMessage, _ change: (inout StoredMessage) -> Void) -> ImportRequest {
            var message = message
            change(&message)
            return request([message])
        }
        let bad: [(String, ImportRequest)] = [
            ("MESSAGES", request([])), ("MESSAGES", request(Array(repeating: user("a"), count: 3))),
            ("MESSAGE_TOO_LONG", request([user(String(repeating: "x", count: 11))])),
            ("MESSAGE_TOO_LONG", request([assistant(String(repeating: "x", count: 21))])),
            (
                "MESSAGE_TOO_LONG",
                changed(assistant("x")) {
                    $0.toolCalls = [ToolCall(id: "", name: "", arguments: String(repeating: "x", count: 20))]
                }
            ),
            ("TOOL_CALLS", changed(user("x")) { $0.toolCalls = [call] }),
            ("TOOL_CALLS", changed(assistant("x")) { $0.toolCalls = [call, call] }),
            ("TOOL_CALL_ID", changed(assistant("x")) { $0.toolCallID = "1" }),
            ("TURN_ID", changed(user("x")) { $0.turnID = "a b" }),
            ("MODEL", changed(user("x")) { $0.model = String(repeating: "m", count: 4097) }),
            ("CREATED_AT", changed(user("x")) { $0.createdAtMicroseconds = -1 }),
            ("FIRST_POSITION", request([user("x")], first: 0)),
            ("FIRST_POSITION", request([user("x")], first: .max)),
        ]
        for (reason, request) in bad {
            let found = await error { _ = try await engine.importMessages(request) }
            #expect(
                found?.kind == .invalidArgument && found?.reason == reason, "\(reason): \(String(describing: found))")
        }
        let fields: [(String, (inout ImportRequest) -> Void)] = [
            ("SESSION_ID", { $0.sessionID = "" }), ("USER_ID", { $0.userID = "a b" }), ("TITLE", { $0.title = "\n" }),
            ("LABELS", { $0.labels = ["": ""] }), ("CREATED_AT", { $0.createdAtMicroseconds = -1 }),
        ]
        for (reason, change) in fields {
            var request = request([user("x")])
            change(&request)
            #expect(await error { _ = try await engine.importMessages(request) }?.reason == reason)
        }
    }

    @Test("the in-memory store's limits hold for imports, and their room is given back")
    func limits() async throws {
        var limits = InMemoryStoreLimits()
        limits.messagesPerSessionMax = 4
        limits.sessionsMax = 1
        let parts = InMemoryHarness(storeLimits: limits)
        let engine = ChatEngine(
            store: parts.store, locks: parts.locks, model: ClosureModel.saying("x"), clock: parts.clock)
        let talk = [user("a"), assistant("b"), user("c")]
        _ = try await engine.importMessages(request(talk))
        let long = await error { _ = try await engine.importMessages(request(talk, first: 4)) }
        #expect(long?.details["limit"] == "messagesPerSessionMax")
        var other = request(talk)
        other.sessionID = "s2"
        let refused = other
        let many = await error { _ = try await engine.importMessages(refused) }
        #expect(many?.details["limit"] == "sessionsMax")
        #expect(try await engine.deleteSession(owner: "o", id: "s"))
        #expect(parts.sessionStore.byteCount == 0)
    }
}
