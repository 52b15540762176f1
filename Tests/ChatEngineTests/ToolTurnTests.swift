// Tools in a turn: they run before the model, their results join the prompt, and their failures do not end it.

import ChatEngine
import EngineConformance
import Testing

/// A tool whose every run is a closure of the test.
private struct ClosureTool: Tool {
    let name: String
    let body: @Sendable (ToolCall, ContinuousClock.Instant) async throws -> String

    var definition: ToolDefinition { ToolDefinition(name: name, summary: "", parametersSchema: "{}") }

    func run(_ call: ToolCall, deadline: ContinuousClock.Instant) async throws -> String {
        try await body(call, deadline)
    }
}

/// Picks the same calls for every question.
private struct FixedRouter: ToolRouter {
    let tools: [any Tool]
    let calls: [ToolCall]

    init(_ tools: [any Tool], calling names: [String]) {
        self.tools = tools
        calls = names.enumerated().map { ToolCall(id: "c\($0.offset)", name: $0.element, arguments: "{}") }
    }

    func route(_ question: String) async throws -> [ToolCall] { calls }
}

@Suite("Turn with tools")
struct ToolTurnTests {
    /// Answers with the prompt's last message, which is where the tools' results are.
    private let echo = ClosureModel { request, emit in
        try await emit(.text(request.messages.last?.text ?? ""))
        return ModelCompletion(model: "m", finishReason: .stop)
    }

    @Test("results join the user's message in the platform's format, and what is stored is without them")
    func resultsJoinPrompt() async throws {
        let tools = ["first", "second"].map { name in ClosureTool(name: name) { _, _ in "\(name) result" } }
        let harness = EngineHarness(model: echo, router: FixedRouter(tools, calling: ["first", "second"]))
        let call = harness.start(.test("질문"))
        let reply = try await call.task.value
        #expect(reply.text == "질문\n\n🛠 도구 결과:\nfirst result\nsecond result")
        #expect(reply.toolRuns.map(\.output) == ["first result", "second result"])
        #expect(try await harness.texts("s").first == "질문")
        let kinds = call.events.value.map { event in
            switch event {
            case .started: "started"
            case .toolStarted(let call): "start \(call.name)"
            case .toolFinished(let run): "finish \(run.name) \(run.status)"
            case .text: "text"
            case .reasoning: "reasoning"
            }
        }
        #expect(
            kinds == [
                "started", "start first", "finish first succeeded", "start second", "finish second succeeded", "text",
            ])
        let replay = try await harness.run(.test("질문", turn: reply.turnID))
        #expect(replay.toolRuns == reply.toolRuns)
    }

    @Test("a failing, a slow and a missing tool tell the model so, and the turn goes on")
    func failures() async throws {
        struct Leak: Error, CustomStringConvertible { let description = "secret-key" }
        let tools: [any Tool] = [
            ClosureTool(name: "failing") { _, _ in throw ToolError("the backend is down") },
            ClosureTool(name: "slow") { _, _ in throw ToolError("gave up after 10 s", timedOut: true) },
            ClosureTool(name: "leaking") { _, _ in throw Leak() },
        ]
        let router = FixedRouter(tools, calling: ["failing", "slow", "leaking", "missing"])
        let reply = try await EngineHarness(model: echo, router: router).run(.test("q"))
        #expect(reply.toolRuns.map(\.status) == [.failed, .timedOut, .failed, .failed])
        #expect(reply.toolRuns[0].errorMessage == "the backend is down")
        #expect(reply.text.contains("failing: the backend is down") && reply.text.contains("slow: gave up"))
        #expect(!reply.text.contains("secret-key"))
    }

    @Test("output is cut at the limit, between characters")
    func outputIsCut() async throws {
        let tool = ClosureTool(name: "long") { _, _ in String(repeating: "가", count: 100) }
        let harness = EngineHarness(model: echo, router: FixedRouter([tool], calling: ["long"])) {
            $0.limits.toolOutputBytesMax = 50
        }
        let run = try #require(try await harness.run(.test("q")).toolRuns.first)
        #expect(run.outputTruncated && run.output.utf8.count <= 50)
        #expect(run.output.hasPrefix("가가") && run.output.hasSuffix("[cut]") && !run.output.contains("\u{FFFD}"))
    }

    @Test("a turn runs no more tools than the limit")
    func tooManyCalls() async throws {
        let tool = ClosureTool(name: "t") { _, _ in "x" }
        let router = FixedRouter([tool], calling: Array(repeating: "t", count: 20))
        let reply = try await EngineHarness(model: echo, router: router).run(.test("q"))
        #expect(reply.toolRuns.count == EngineLimits().toolRunsMax)
    }

    @Test("a tool is told its deadline, which is never after the turn's")
    func deadlines() async throws {
        let deadlines = Guarded<[ContinuousClock.Instant]>([])
        let tool = ClosureTool(name: "t") { _, deadline in
            deadlines.withLock { $0.append(deadline) }
            return ""
        }
        let harness = EngineHarness(model: echo, router: FixedRouter([tool], calling: ["t"]))
        _ = try await harness.run(.test("q"))
        var request = TurnRequest.test("q")
        request.deadline = harness.clock.now + .seconds(3)
        _ = try await harness.run(request)
        #expect(deadlines.value == [harness.clock.now + .seconds(10), harness.clock.now + .seconds(3)])
    }

    @Test("a tool that does not stop at its time limit ends the turn")
    func overruns() async throws {
        let gate = Gate()
        let tool = ClosureTool(name: "stuck") { _, _ in
            try await gate.pass()
            return ""
        }
        let harness = EngineHarness(model: echo, router: FixedRouter([tool], calling: ["stuck"]))
        let call = harness.start(.test("q"))
        #expect(try await harness.eventually { gate.enteredCount == 1 })
        harness.clock.advance(by: .seconds(11))
        #expect(harness.engine.runningTurnCount == 1)
        harness.clock.advance(by: .seconds(2))
        #expect(await call.engineError?.kind == .toolOverran)
        #expect(try await !harness.isLocked("s"))
    }

    @Test("two tools of one name are a defect of the program")
    func sameName() async {
        await #expect(processExitsWith: .failure) {
            let tool = ClosureTool(name: "same") { _, _ in "" }
            _ = EngineHarness(router: FixedRouter([tool, tool], calling: []))
        }
    }
}
