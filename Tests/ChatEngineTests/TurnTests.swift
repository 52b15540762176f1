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
}
