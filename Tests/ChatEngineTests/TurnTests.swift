// Whole turns on in-memory parts: what callers see, what is stored, and what the model is told.

import ChatEngine
import EngineConformance
import Testing

@Suite("Turn")
struct TurnTests {
    @Test("answers, streams and stores what the user wrote and what the model said")
    func answersAndStores() async throws {
        let harness = EngineHarness()
        let call = harness.start(.test("What is new?", turn: "t1", user: "u"))
        let reply = try await call.task.value
        #expect(reply.text == "Hello, world")
        #expect(reply.sessionID == "s" && reply.turnID == "t1" && !reply.replayed)
        #expect(reply.model == "provider-model" && reply.finishReason == .stop)
        #expect(
            call.events.value == [
                .started(TurnStarted(sessionID: "s", turnID: "t1", model: "test-model", replayed: false)),
                .text("Hello"), .text(", world"),
            ])
        #expect(try await harness.texts("s") == ["What is new?", "Hello, world"])
        let session = try await harness.engine.getSession(owner: "o", id: "s")
        #expect(session.title == "What is new?" && session.userID == "u")
        #expect(try await !harness.isLocked("s"))
        #expect(harness.clock.timerCount == 0)
        #expect(harness.engine.runningTurnCount == 0)
    }

    @Test("tells the model the system prompt, the history and the question")
    func buildsPrompt() async throws {
        let requests = Guarded<[ModelRequest]>([])
        let model = ClosureModel { request, emit in
            requests.withLock { $0.append(request) }
            try await emit(.text("a\(requests.value.count)"))
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model)
        for question in ["q1", "q2", "q3"] { _ = try await harness.run(.test(question)) }
        let last = try #require(requests.value.last)
        #expect(last.messages.map(\.role) == [.system, .user, .assistant, .user, .assistant, .user])
        #expect(last.messages.map(\.text) == ["당신은 친절하고 정확한 AI 비서입니다.", "q1", "a1", "q2", "a2", "q3"])
    }

    @Test("a request's own system prompt replaces the configured one, and an empty one leaves it out")
    func systemPrompts() async throws {
        let prompts = Guarded<[[PromptMessage]]>([])
        let model = ClosureModel { request, _ in
            prompts.withLock { $0.append(request.messages) }
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model) { $0.systemPrompt = "configured" }
        for (index, prompt) in [nil, "mine", ""].enumerated() {
            var request = TurnRequest.test("q", session: "s\(index)")
            request.systemPrompt = prompt
            _ = try await harness.run(request)
        }
        #expect(prompts.value.map { $0.map(\.text) } == [["configured", "q"], ["mine", "q"], ["q"]])
    }

    @Test("a retry gets the stored answer as one event, without asking the model again")
    func replays() async throws {
        let count = Guarded(0)
        let model = ClosureModel { _, emit in
            count.withLock { $0 += 1 }
            for piece in ["a", "b", "c"] { try await emit(.text(piece)) }
            return ModelCompletion(model: "m", finishReason: .length)
        }
        let harness = EngineHarness(model: model)
        let first = try await harness.run(.test("q", turn: "t"))
        let retry = harness.start(.test("q", turn: "t", busy: .refuse, streams: false))
        let second = try await retry.task.value
        #expect(second.replayed && second.text == first.text && second.finishReason == .length)
        #expect(
            retry.events.value == [
                .started(TurnStarted(sessionID: "s", turnID: "t", model: "m", replayed: true)), .text("abc"),
            ])
        #expect(count.value == 1)
        #expect(try await harness.texts("s") == ["q", "abc"])
    }

    @Test("a turn id of a different request is refused")
    func mismatch() async throws {
        let harness = EngineHarness()
        _ = try await harness.run(.test("q", turn: "t"))
        #expect(await harness.start(.test("other", turn: "t")).engineError?.kind == .turnMismatch)
        var request = TurnRequest.test("q", turn: "t")
        request.temperature = 0.5
        #expect(await harness.start(request).engineError?.kind == .turnMismatch)
    }

    @Test("a turn id decides the session of a request that names none, so that its retry finds it")
    func turnDecidesSession() async throws {
        let harness = EngineHarness()
        let first = try await harness.run(.test("q", session: nil, turn: "t"))
        let retry = try await harness.run(.test("q", session: nil, turn: "t"))
        let named = try await harness.run(.test("q", session: first.sessionID, turn: "t"))
        #expect(retry.replayed && retry.sessionID == first.sessionID && named.replayed)
        var other = TurnRequest.test("q", session: nil, turn: "t")
        other.owner = "p"
        #expect(try await harness.run(other).sessionID != first.sessionID)
        let fresh = try await harness.run(.test("q", session: nil))
        #expect(fresh.sessionID != first.sessionID && fresh.sessionID.utf8.count == 36)
    }

    @Test("a retry that comes while its turn runs waits for it and gets the same answer")
    func retryWhileRunning() async throws {
        let gate = Gate()
        let count = Guarded(0)
        let model = ClosureModel { _, emit in
            count.withLock { $0 += 1 }
            try await gate.pass()
            try await emit(.text("answer"))
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model)
        let first = harness.start(.test("q", turn: "t"))
        #expect(try await harness.eventually { gate.enteredCount == 1 })
        let retry = harness.start(.test("q", turn: "t"))
        let key = LockKey(.session, owner: "o", name: "s")
        #expect(try await harness.eventually { try await harness.parts.locks.inspect(key)?.waiters == 1 })
        gate.open()
        #expect(try await first.task.value.replayed == false)
        #expect(try await retry.task.value.replayed == true)
        #expect(count.value == 1)
        #expect(try await harness.texts("s") == ["q", "answer"])
    }

    @Test("a busy session is refused, waited for up to a limit, or waited for until it is free")
    func busySession() async throws {
        let gate = Gate()
        let model = ClosureModel { _, emit in
            try await gate.pass()
            try await emit(.text("answer"))
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model)
        let key = LockKey(.session, owner: "o", name: "s")
        let first = harness.start(.test("q1"))
        #expect(try await harness.eventually { gate.enteredCount == 1 })
        #expect(await harness.start(.test("q2", busy: .refuse)).engineError?.kind == .sessionBusy)

        let impatient = harness.start(.test("q3", busy: .wait(.seconds(1))))
        #expect(try await harness.eventually { try await harness.parts.locks.inspect(key)?.waiters == 1 })
        let patient = harness.start(.test("q4"))
        #expect(try await harness.eventually { try await harness.parts.locks.inspect(key)?.waiters == 2 })
        harness.clock.advance(by: .milliseconds(1100))
        #expect(await impatient.engineError?.reason == "SESSION_BUSY")
        gate.open()
        let replies = (try await first.task.value, try await patient.task.value)
        #expect(replies.1.timing.lockMicroseconds == 1_100_000)
        #expect(try await harness.texts("s") == ["q1", "answer", "q4", "answer"])
    }

    @Test("many turns of many sessions at once: each answered, each stored once, in pairs")
    func manyTurns() async throws {
        let model = ClosureModel { request, emit in
            let question = request.messages.last?.text ?? ""
            for piece in ["re: ", question] {
                await Task.yield()
                try await emit(.text(piece))
            }
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model)
        let calls = (0..<200).map { harness.start(.test("q\($0)", session: "s\($0 % 10)", turn: "t\($0 / 2)")) }
        var answered = 0
        var mismatched = 0
        for call in calls {
            do {
                _ = try await call.task.value
                answered += 1
            } catch let error as EngineError where error.kind == .turnMismatch {
                mismatched += 1
            }
        }
        // Turn ids are shared by two questions of different sessions, so nothing collides.
        #expect(answered == 200 && mismatched == 0)
        for index in 0..<10 {
            let texts = try await harness.texts("s\(index)")
            #expect(texts.count == 40)
            for pair in stride(from: 0, to: texts.count, by: 2) {
                #expect(texts[pair + 1] == "re: " + texts[pair])
            }
        }
        #expect(harness.engine.runningTurnCount == 0 && harness.parts.lockManager.count == 0)
    }

    @Test("a failed model ends the turn with its kind, and nothing is stored", arguments: ModelError.Kind.allCases)
    func modelFails(kind: ModelError.Kind) async throws {
        let model = ClosureModel { _, emit in
            try await emit(.text("half an ans"))
            throw ModelError(kind, "the provider said so", retryAfter: .seconds(7))
        }
        let harness = EngineHarness(model: model)
        let error = await harness.start(.test("q", turn: "t")).engineError
        #expect(error?.kind == .model(kind) && error?.retryAfter == .seconds(7))
        #expect(error?.message.contains("the provider said so") == true)
        #expect(try await harness.texts("s") == [])
        #expect(try await !harness.isLocked("s"))
    }

    @Test("what emit throws ends the turn and is thrown again")
    func emitThrows() async throws {
        struct StreamClosed: Error {}
        let harness = EngineHarness()
        let call = harness.start(.test("q")) { event in
            if case .text = event { throw StreamClosed() }
        }
        await #expect(throws: StreamClosed.self) { try await call.task.value }
        #expect(try await harness.texts("s") == [])
        #expect(try await !harness.isLocked("s"))
    }

    @Test("an error of an unknown type keeps its words to itself")
    func unknownError() async throws {
        struct Leak: Error, CustomStringConvertible { let description = "secret-key" }
        let harness = EngineHarness(model: ClosureModel { _, _ in throw Leak() })
        let error = await harness.start(.test("q")).engineError
        #expect(error?.kind == .internalError)
        #expect(error?.message.contains("secret-key") == false)
    }

    @Test("an answer longer than the limit ends the turn")
    func answerTooLong() async throws {
        let harness = EngineHarness(model: ClosureModel.saying("12345", "67890", "x")) {
            $0.limits.answerBytesMax = 10
        }
        let error = await harness.start(.test("q")).engineError
        #expect(error?.kind == .resourceExhausted && error?.details["limit"] == "answerBytesMax")
    }

    @Test("reasoning is shown and not stored; empty pieces are not shown")
    func reasoning() async throws {
        let model = ClosureModel { _, emit in
            try await emit(.reasoning("hm"))
            try await emit(.text(""))
            try await emit(.reasoning(""))
            try await emit(.text("yes"))
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model)
        let call = harness.start(.test("q"))
        #expect(try await call.task.value.text == "yes")
        #expect(call.events.value.dropFirst() == [.reasoning("hm"), .text("yes")])
        #expect(try await harness.texts("s") == ["q", "yes"])
    }

    @Test("streams and whole answers may have models of their own")
    func streamModel() async throws {
        let harness = EngineHarness(
            model: ClosureModel.saying("plain"), streamModel: ClosureModel.saying("stream"))
        #expect(try await harness.run(.test("q", streams: false)).text == "plain")
        #expect(try await harness.run(.test("q", streams: true)).text == "stream")
    }

    @Test("turns above the limit of running turns are refused")
    func tooManyTurns() async throws {
        let gate = Gate()
        let model = ClosureModel { _, _ in
            try await gate.pass()
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model) { $0.limits.runningTurnsMax = 1 }
        let first = harness.start(.test("q", session: "a"))
        #expect(try await harness.eventually { gate.enteredCount == 1 })
        let error = await harness.start(.test("q", session: "b")).engineError
        #expect(error?.kind == .resourceExhausted && error?.details["limit"] == "runningTurnsMax")
        gate.open()
        _ = try await first.task.value
        _ = try await harness.run(.test("q", session: "b"))
    }

    @Test("a full store fails the turn with the limit's name")
    func fullStore() async throws {
        let parts = InMemoryHarness()
        var limits = InMemoryStoreLimits()
        limits.messagesPerSessionMax = 3
        let store = InMemorySessionStore(locks: parts.lockManager, clock: parts.clock, limits: limits)
        let engine = ChatEngine(
            store: store, locks: parts.locks, model: ClosureModel.saying("a"), clock: parts.clock)
        _ = try await engine.runTurn(.test("q"), cancel: {}) { _ in }
        await #expect {
            try await engine.runTurn(.test("q"), cancel: {}) { _ in }
        } throws: { error in
            (error as? EngineError)?.details["limit"] == "messagesPerSessionMax"
        }
    }

    @Test("times are told by part")
    func timing() async throws {
        let clock = Guarded<ManualClock?>(nil)
        let model = ClosureModel { _, emit in
            clock.value?.advance(by: .milliseconds(30))
            try await emit(.text("a"))
            clock.value?.advance(by: .milliseconds(20))
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model)
        clock.withLock { $0 = harness.clock }
        var request = TurnRequest.test("q")
        request.receivedAt = harness.clock.now - .milliseconds(5)
        let timing = try await harness.run(request).timing
        #expect(timing.queueMicroseconds == 5_000)
        #expect(timing.firstTokenMicroseconds == 35_000)
        #expect(timing.totalMicroseconds == 55_000)
    }
}
