// The OpenAI-compatible model over real HTTP against a scripted server on the same loop: answers, faults, limits, and
// that an answer that nobody waits for is not paid for.

import ChatEngine
import FakeModel
import IOLoop
import Testing

@testable import LLMProviders

@Suite("OpenAI-compatible model over HTTP", .timeLimit(.minutes(1)))
struct ModelOverHTTPTests {
    let loop: IOLoop
    let onLoop: LoopActor

    init() throws {
        loop = try IOLoop(label: "models")
        onLoop = LoopActor(loop)
    }

    /// A server that plays `scripts`, and a model that asks it.
    private struct Pair: Sendable {
        let server: FakeModel
        let model: OpenAIModel
    }

    private func start(
        _ scripts: [FakeModelScript], limits: ModelTimeLimits = .standard, retry: RetryPolicy = .never
    ) async throws -> Pair {
        try await onLoop.run { actor in
            let server = FakeModel(on: actor.loop, scripts: scripts)
            try server.start()
            let configuration = OpenAIConfiguration(
                model: "fake-1", baseURL: try #require(BaseURL(server.baseURL)), key: "sk-secret-key",
                timeLimits: limits,
                retryPolicy: retry)
            let clock = LoopClock(loop: actor.loop)
            return Pair(
                server: server, model: OpenAIModel(configuration, transport: HTTPModelTransport(), clock: clock))
        }
    }

    private func answer(
        _ pair: Pair, _ request: ModelRequest = .question("one two three")
    ) async throws -> Answer {
        try await onLoop.run { _ in await ask(pair.model, request) }
    }

    private func requests(_ pair: Pair) async throws -> [FakeModelRequest] {
        try await onLoop.run { _ in pair.server.requests }
    }

    private func stop(_ pair: Pair) async throws {
        try await onLoop.run { _ in pair.server.stop() }
    }

    @Test("an answer streams token by token, with its usage, and the connection serves the next one")
    func streams() async throws {
        let pair = try await start([.echo])
        for _ in 0..<3 {
            let answer = try await answer(pair)
            #expect(answer.events == ["echo:", " one", " two", " three"].map { .text($0) })
            #expect(answer.completion?.finishReason == .stop)
            #expect(answer.completion?.model == "fake-1")
            #expect(answer.completion?.usage.outputTokens == 4)
        }
        let requests = try await requests(pair)
        #expect(requests.map(\.connection) == [0, 0, 0])
        #expect(requests.first?.header("authorization") == "Bearer sk-secret-key")
        try await stop(pair)
    }

    @Test("a plain answer, reasoning and tool calls")
    func shapes() async throws {
        let pair = try await start([
            .echo, FakeModelScript([.reasoning("hm"), .token("ok"), .finish("length"), .done]),
            .toolCall(id: "a", name: "time", arguments: [#"{"zone":"#, #""UTC"}"#]),
        ])
        let plain = try await answer(pair, .question("hi", streams: false))
        #expect(plain.events == [.text("echo: hi")])
        let reasoned = try await answer(pair)
        #expect(reasoned.events == [.reasoning("hm"), .text("ok")])
        #expect(reasoned.completion?.finishReason == .length)
        let called = try await answer(pair)
        #expect(called.completion?.toolCalls == [ToolCall(id: "a", name: "time", arguments: #"{"zone":"UTC"}"#)])
        try await stop(pair)
    }

    @Test(
        "quirks of servers make no difference",
        arguments: [
            FakeModelScript.Quirks.azureChunks, .nullContent, .noLineAfterDone, .carriageReturns, .usageWithoutChoices,
            .noSpaceAfterColon, [.azureChunks, .nullContent, .noLineAfterDone, .carriageReturns, .noSpaceAfterColon],
        ])
    func quirks(quirks: FakeModelScript.Quirks) async throws {
        let script = FakeModelScript([.comment(" wait"), .role, .echo, .finish("stop"), .usage, .done], quirks: quirks)
        let pair = try await start([script])
        let answer = try await answer(pair)
        #expect(answer.text == "echo: one two three")
        #expect(answer.completion?.usage.outputTokens == 4)
        try await stop(pair)
    }

    @Test("a stream that is cut is an interruption, however it is cut", arguments: [FakeModelScript.Step.cut, .reset])
    func cut(fault: FakeModelScript.Step) async throws {
        let pair = try await start([.broken(afterTokens: 3, by: fault)], retry: .standard)
        let answer = try await answer(pair)
        #expect(answer.completion == nil)
        #expect(answer.modelError?.kind == .interrupted)
        if fault == .cut { #expect(answer.text == "t0 t1 t2 ") }
        #expect(try await requests(pair).count == 1)
        try await stop(pair)
    }

    @Test("a proper end of the body without the answer's end is an interruption too")
    func endWithoutMarker() async throws {
        let pair = try await start([FakeModelScript([.role, .token("half")])])
        let answer = try await answer(pair)
        #expect(answer.text == "half")
        #expect(answer.modelError?.kind == .interrupted)
        try await stop(pair)
    }

    @Test("an error in the stream is told in the provider's words")
    func errorEvent() async throws {
        for quirks in [FakeModelScript.Quirks.numericErrorCode, .errorField] {
            let script = FakeModelScript(
                [.role, .token("a"), .error(message: "gone sk-secret-key", type: "server_error")], quirks: quirks)
            let pair = try await start([script])
            let error = try await answer(pair).modelError
            #expect(error?.kind == .interrupted)
            #expect(error?.message.contains("gone [removed]") == true)
            try await stop(pair)
        }
    }

    @Test("a server that asks for patience is asked again; nothing of the failure is seen")
    func retries() async throws {
        var closed = FakeModelScript.echo
        closed.opening = .closed
        let pair = try await start(
            [.failure(status: 429, message: "slow down", retryAfterSeconds: 0), closed, .echo],
            retry: RetryPolicy(firstDelay: .milliseconds(1)))
        let answer = try await answer(pair)
        #expect(answer.text == "echo: one two three")
        #expect(try await requests(pair).count >= 3)
        try await stop(pair)
    }

    @Test("a refusal says what the provider said, without the key, and when to come back")
    func refusal() async throws {
        let pair = try await start([
            .failure(status: 401, message: "Incorrect API key provided: sk-secret-key"),
            .failure(status: 429, message: "slow down", retryAfterSeconds: 7),
        ])
        let wrongKey = try await answer(pair).modelError
        #expect(wrongKey?.kind == .unauthorized)
        #expect(wrongKey?.message.hasSuffix("Incorrect API key provided: [removed]") == true)
        let busy = try await answer(pair).modelError
        #expect(busy?.kind == .rateLimited)
        #expect(busy?.retryAfter == .seconds(7))
        try await stop(pair)
    }

    @Test("nobody at the address is told as such")
    func refused() async throws {
        let pair = try await start([.echo])
        try await stop(pair)
        #expect(try await answer(pair).modelError?.kind == .unavailable)
    }

    @Test("comments keep a stream open and are no content: the limits pass all the same")
    func commentsAreNoContent() async throws {
        let pings = Array(repeating: [FakeModelScript.Step.comment(" ping"), .pause(.milliseconds(20))], count: 500)
        var pair = try await start(
            [FakeModelScript([.role] + pings.joined())], limits: ModelTimeLimits(firstContent: .milliseconds(150)))
        let late = try await answer(pair)
        #expect(late.events.isEmpty)
        #expect(late.modelError?.message.contains("did not begin") == true)
        try await stop(pair)
        pair = try await start(
            [FakeModelScript([.role, .token("a")] + pings.joined())], limits: ModelTimeLimits(idle: .milliseconds(150)))
        let silent = try await answer(pair)
        #expect(silent.text == "a")
        #expect(silent.modelError?.message.contains("fell silent") == true)
        try await stop(pair)
    }

    @Test("a stall and headers that never come end by their limits, and close the connection")
    func stalls() async throws {
        let cases = [
            (FakeModelScript.broken(afterTokens: 2, by: .stall), ModelTimeLimits(idle: .milliseconds(100)), "t0 t1 "),
            (.unanswered, ModelTimeLimits(firstContent: .milliseconds(100)), ""),
        ]
        for (script, limits, text) in cases {
            let pair = try await start([script], limits: limits)
            let answer = try await answer(pair)
            #expect(answer.text == text)
            #expect(answer.modelError?.kind == .timedOut)
            try await onLoop.run { _ in
                _ = try await pair.server.waitForRequest(0, until: .now + .seconds(10)) { $0.closedByClient != nil }
            }
            try await stop(pair)
        }
    }

    @Test("the caller's deadline ends an answer that goes on")
    func deadline() async throws {
        let pair = try await start([.answer(tokens: 2000, interval: .milliseconds(10))])
        let answer = try await answer(pair, .question("hi", deadline: .now + .milliseconds(200)))
        #expect(answer.modelError?.kind == .timedOut)
        try await stop(pair)
    }

    @Test("cancelling the caller closes the connection to the provider")
    func cancellation() async throws {
        let pair = try await start([.answer(tokens: 2000, interval: .milliseconds(10))])
        let onLoop = onLoop
        let asking = Task { try await onLoop.run { _ in await ask(pair.model) } }
        try await onLoop.run { _ in
            _ = try await pair.server.waitForRequest(0, until: .now + .seconds(10))
        }
        asking.cancel()
        #expect(try await asking.value.error is CancellationError)
        let request = try await onLoop.run { _ in
            try await pair.server.waitForRequest(0, until: .now + .seconds(10)) { $0.closedByClient != nil }
        }
        #expect(request.tokensSent < 2000)
        try await stop(pair)
    }

    @Test("a caller that throws in the middle ends the answer at the provider")
    func callerLeaves() async throws {
        struct Enough: Error {}
        let pair = try await start([.answer(tokens: 2000, interval: .milliseconds(10))])
        await #expect(throws: Enough.self) {
            try await onLoop.run { _ in
                var count = 0
                _ = try await pair.model.answer(.question("hi")) { _ in
                    count += 1
                    if count == 3 { throw Enough() }
                }
            }
        }
        try await onLoop.run { _ in
            _ = try await pair.server.waitForRequest(0, until: .now + .seconds(10)) { $0.closedByClient != nil }
        }
        try await stop(pair)
    }

    @Test("all of it stays on the loop, after waits too")
    func staysOnLoop() async throws {
        let pair = try await start(
            [.failure(status: 500, message: "again"), .answer(tokens: 20, interval: .milliseconds(1))],
            retry: RetryPolicy(firstDelay: .milliseconds(1)))
        let script = try ModelScript(
            parsing: Array(#"{"interval_milliseconds":1,"answers":[{"text":"a b c d"}]}"#.utf8))
        let strays = try await onLoop.run { actor in
            let loop = actor.loop
            var strays = 0
            let models: [any ChatModel] = [
                pair.model, ScriptedModel(script, clock: LoopClock(loop: loop)), OfflineModel(),
            ]
            for model in models {
                _ = try await model.answer(.question("hi")) { _ in if !loop.isCurrent { strays += 1 } }
                if !loop.isCurrent { strays += 1 }
            }
            return strays
        }
        #expect(strays == 0)
        #expect(try await requests(pair).count == 2)
        try await stop(pair)
    }

    @Test("a server is asked for its models")
    func probe() async throws {
        let pair = try await start([.echo])
        let found = try await onLoop.run { actor in
            pair.server.models = ["text-embedding-3", "fake-2"]
            let probe = ModelServerProbe(transport: HTTPModelTransport(), clock: LoopClock(loop: actor.loop))
            return try await probe.models(at: try #require(BaseURL(pair.server.baseURL)), key: "")
        }
        #expect(found == ["fake-2"])
        try await stop(pair)
    }
}
