// The OpenAI-compatible model against replayed responses: requests, retries, time limits, faults.

import ChatEngine
import Testing

@testable import LLMProviders

@Suite("OpenAI-compatible model")
struct OpenAIModelTests {
    let clock = ManualClock()

    private static let head = #"data: {"choices":[{"index":0,"delta":{"content":""}}]}"# + "\n\n"
    private static let token = #"data: {"choices":[{"index":0,"delta":{"content":"tok"}}]}"# + "\n\n"
    private static let stop = #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\n"
    private static let done = "data: [DONE]\n\n"
    private static let good = ReplayTransport.Exchange.stream(.bytes(token + stop + done))

    private func model(
        _ transport: ReplayTransport, key: String = "sk-verysecret", url: String = "http://127.0.0.1:9/v1",
        limits: ModelTimeLimits = .standard, retry: RetryPolicy = .standard
    ) throws -> OpenAIModel {
        let configuration = OpenAIConfiguration(
            model: "m", baseURL: try #require(BaseURL(url)), key: key, timeLimits: limits, retryPolicy: retry)
        return OpenAIModel(configuration, transport: transport, clock: clock, chance: { 0 })
    }

    // MARK: - What is sent

    @Test("a streaming request has its fields in a fixed order")
    func streamingRequest() async throws {
        let transport = ReplayTransport(Self.good, clock: clock)
        var request = ModelRequest(messages: [
            PromptMessage(role: .system, text: "be \"kind\""),
            PromptMessage(role: .user, text: "시간?"),
            PromptMessage(
                role: .assistant, text: "",
                toolCalls: [ToolCall(id: "1", name: "time", arguments: #"{"zone":"UTC"}"#)]),
            PromptMessage(role: .tool, text: "noon", toolCallID: "1"),
        ])
        request.temperature = 0.5
        request.outputTokensMax = 7
        request.userID = "u-1"
        request.tools = [ToolDefinition(name: "time", summary: "tells it", parametersSchema: #"{ "type": "object" }"#)]
        _ = await ask(try model(transport), request)
        let sent = try #require(transport.requests.first)
        #expect(sent.method == "POST")
        #expect(sent.url == "http://127.0.0.1:9/v1/chat/completions")
        #expect(
            sent.headers.map { "\($0.name): \($0.value)" } == [
                "Authorization: Bearer sk-verysecret", "Content-Type: application/json", "Accept: text/event-stream",
            ])
        let expected =
            #"{"model":"m","messages":[{"role":"system","content":"be \"kind\""},{"role":"user","content":"시간?"},"#
            + #"{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":"#
            + #"{"name":"time","arguments":"{\"zone\":\"UTC\"}"}}]},"#
            + #"{"role":"tool","content":"noon","tool_call_id":"1"}],"temperature":0.5,"max_tokens":7,"#
            + #""tools":[{"type":"function","function":{"name":"time","description":"tells it","#
            + #""parameters":{"type":"object"}}}],"user":"u-1","stream":true,"stream_options":{"include_usage":true}}"#
        #expect(String(decoding: sent.body, as: UTF8.self) == expected)
    }

    @Test("a plain request asks for JSON, and its answer is one event")
    func plainRequest() async throws {
        let body =
            #"{"model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"#
            + #""finish_reason":"length"}],"usage":{"prompt_tokens":2,"completion_tokens":1}}"#
        let transport = ReplayTransport(.json(200, body), clock: clock)
        let answer = await ask(try model(transport, key: ""), .question("hi", streams: false))
        #expect(answer.events == [.text("Hello")])
        #expect(answer.completion?.finishReason == .length)
        #expect(answer.completion?.usage.inputTokens == 2)
        #expect(answer.completion?.model == "m-1")
        let sent = try #require(transport.requests.first)
        #expect(sent.headers.map(\.name) == ["Content-Type", "Accept"])
        #expect(
            String(decoding: sent.body, as: UTF8.self)
                == #"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":false}"#)
    }

    @Test(
        "OpenAI and Azure get the field that their reasoning models demand, and Azure its own header",
        arguments: [
            ("https://api.openai.com/v1", "max_completion_tokens", "Authorization"),
            ("https://x.openai.azure.com/openai/v1/", "max_completion_tokens", "api-key"),
            ("http://localhost:8000/v1", "max_tokens", "Authorization"),
        ])
    func outputLimitField(url: String, field: String, header: String) async throws {
        let transport = ReplayTransport(Self.good, clock: clock)
        var request = ModelRequest.question("hi")
        request.outputTokensMax = 5
        _ = await ask(try model(transport, url: url), request)
        let sent = try #require(transport.requests.first)
        #expect(String(decoding: sent.body, as: UTF8.self).contains("\"\(field)\":5"))
        #expect(sent.headers.first?.name == header)
    }

    @Test("the request's model overrides the configured one")
    func modelOverride() async throws {
        let transport = ReplayTransport(Self.good, clock: clock)
        var request = ModelRequest.question("hi")
        request.model = "other"
        let answer = await ask(try model(transport), request)
        #expect(answer.completion?.model == "other")
        #expect(String(decoding: transport.requests[0].body, as: UTF8.self).hasPrefix(#"{"model":"other""#))
    }

    @Test("a server that answers a streaming request with plain JSON is understood")
    func jsonInsteadOfStream() async throws {
        let body = #"{"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]}"#
        let answer = await ask(try model(ReplayTransport(.json(200, body), clock: clock)))
        #expect(answer.text == "whole")
        #expect(answer.completion?.finishReason == .stop)
    }

    // MARK: - Retries

    @Test("what is worth it is tried again, after half a second and a second, three times in all")
    func retries() async throws {
        let transport = ReplayTransport(
            .failure(.notConnected("refused")), .json(500, "{}"), Self.good, clock: clock)
        let answer = await ask(try model(transport))
        #expect(answer.text == "tok")
        #expect(clock.waits == [.milliseconds(500), .seconds(1)])
        #expect(transport.requests.count == 3)
    }

    @Test("after the last attempt the last error is told")
    func retriesEnd() async throws {
        let transport = ReplayTransport(.json(503, #"{"error":{"message":"busy"}}"#), clock: clock)
        let answer = await ask(try model(transport))
        #expect(answer.modelError == ModelError(.unavailable, "the model's provider answered 503: busy"))
        #expect(transport.requests.count == 3)
    }

    @Test("nothing is tried again after the first content", arguments: [Self.head + Self.token, Self.token])
    func noRetryAfterContent(start: String) async throws {
        let transport = ReplayTransport(.stream(.bytes(start), .fault(.cut("reset"))), Self.good, clock: clock)
        let answer = await ask(try model(transport))
        #expect(answer.events == [.text("tok")])
        #expect(answer.modelError?.kind == .interrupted)
        #expect(transport.requests.count == 1)
    }

    @Test("a stream that breaks before its first content is tried again")
    func retryBeforeContent() async throws {
        let transport = ReplayTransport(
            .stream(.bytes(Self.head), .fault(.cut("reset"))), .stream(.bytes(Self.head)), Self.good, clock: clock)
        let answer = await ask(try model(transport))
        #expect(answer.text == "tok")
        #expect(transport.requests.count == 3)
    }

    @Test(
        "the provider's wish for when to come back is followed, up to two minutes",
        arguments: [
            (["retry-after-ms": "250", "retry-after": "9"], Duration.milliseconds(250)),
            (["retry-after": "1.5"], .milliseconds(1500)),
            (["retry-after": "Thu, 01 Jan 2026 00:00:07 GMT"], .seconds(7)),
            (["retry-after": "120"], .seconds(120)),
            (["retry-after": "121"], nil),
            (["retry-after": "soon"], .milliseconds(500)),
            (["retry-after": "-1"], .milliseconds(500)),
            (["x-should-retry": "false"], nil),
        ] as [([String: String], Duration?)])
    func retryAfter(headers: [String: String], wait: Duration?) async throws {
        let transport = ReplayTransport(.json(429, "{}", headers: headers), Self.good, clock: clock)
        let answer = await ask(try model(transport))
        #expect(clock.waits == (wait.map { [$0] } ?? []))
        #expect((answer.completion != nil) == (wait != nil))
        if headers["retry-after"] == "121" { #expect(answer.modelError?.retryAfter == .seconds(121)) }
    }

    @Test("a wait that would miss the caller's deadline is not begun")
    func retryDeadline() async throws {
        let transport = ReplayTransport(
            .json(429, #"{"error":{"message":"slow"}}"#, headers: ["retry-after": "20"]), Self.good, clock: clock)
        let answer = await ask(try model(transport), .question("hi", deadline: clock.now + .seconds(10)))
        #expect(answer.modelError?.kind == .rateLimited)
        #expect(answer.modelError?.retryAfter == .seconds(20))
        #expect(clock.waits.isEmpty)
    }

    @Test("x-should-retry: true overrules a status")
    func shouldRetry() async throws {
        let transport = ReplayTransport(.json(400, "{}", headers: ["x-should-retry": "true"]), Self.good, clock: clock)
        #expect(await ask(try model(transport)).text == "tok")
    }

    @Test("a retry's pause ends with the task's cancellation")
    func retryCancelled() async throws {
        let clock = ManualClock(firesTimers: false)
        let transport = ReplayTransport(.json(500, "{}"), clock: clock)
        let configuration = OpenAIConfiguration(model: "m", baseURL: try #require(BaseURL("http://h")), key: "")
        let model = OpenAIModel(configuration, transport: transport, clock: clock)
        let task = Task { await ask(model) }
        while clock.waits.isEmpty { await Task.yield() }
        task.cancel()
        #expect(await task.value.error is CancellationError)
        #expect(transport.requests.count == 1)
    }

    // MARK: - Time limits

    @Test("each silence has its limit and its words, and comments do not break it")
    func silences() async throws {
        let limits = ModelTimeLimits(firstContent: .seconds(30), idle: .seconds(10), total: .seconds(100))
        let ping = ReplayTransport.Piece.bytes(": ping\n\n")
        var transport = ReplayTransport(.stream(.bytes(Self.head), ping, ping, .stall), clock: clock)
        var answer = await ask(try model(transport, limits: limits))
        #expect(answer.modelError?.kind == .timedOut)
        #expect(answer.modelError?.message.contains("did not begin") == true)
        #expect(clock.elapsed == .seconds(30))
        #expect(transport.requests.count == 1)

        transport = ReplayTransport(.stream(.bytes(Self.token), ping, .stall), clock: clock)
        answer = await ask(try model(transport, limits: limits))
        #expect(answer.text == "tok")
        #expect(answer.modelError?.message.contains("fell silent") == true)
        #expect(clock.elapsed == .seconds(40))
    }

    @Test("the total limit and the caller's deadline end an answer that goes on")
    func totals() async throws {
        let limits = ModelTimeLimits(firstContent: .seconds(300), idle: .seconds(300), total: .seconds(100))
        let transport = ReplayTransport(.stream(.bytes(Self.token), .stall), clock: clock)
        var answer = await ask(try model(transport, limits: limits))
        #expect(answer.modelError?.kind == .timedOut)
        #expect(clock.elapsed == .seconds(100))
        answer = await ask(try model(transport, limits: limits), .question("hi", deadline: clock.now + .seconds(3)))
        #expect(answer.modelError?.message.contains("deadline") == true)
        #expect(clock.elapsed == .seconds(103))
    }

    @Test("no connection in time is tried again, headers that do not come are not")
    func connectTimeouts() async throws {
        var transport = ReplayTransport(.failure(.connectTimedOut), Self.good, clock: clock)
        #expect(await ask(try model(transport)).text == "tok")
        transport = ReplayTransport(.failure(.deadlinePassed), Self.good, clock: clock)
        #expect(await ask(try model(transport)).modelError?.kind == .timedOut)
    }

    @Test("what is not HTTP is a malformed response and not tried again")
    func malformed() async throws {
        let transport = ReplayTransport(.failure(.malformed("bad status line")), Self.good, clock: clock)
        #expect(await ask(try model(transport)).modelError?.kind == .malformedResponse)
        #expect(transport.requests.count == 1)
    }

    @Test("once the model said why it stopped, a silence or a break costs five seconds and no answer")
    func afterFinish() async throws {
        for ending in [ReplayTransport.Piece.stall, .fault(.cut("reset"))] {
            let transport = ReplayTransport(.stream(.bytes(Self.token + Self.stop), ending), clock: clock)
            let answer = await ask(try model(transport))
            #expect(answer.completion?.finishReason == .stop)
        }
        #expect(clock.elapsed == OpenAIModel.afterFinishLimit)
    }

    // MARK: - Ends

    @Test("the response is read to its end, so that the connection can be used again; a talkative one is left")
    func drain() async throws {
        var transport = ReplayTransport(
            .stream(.bytes(Self.token + Self.stop + Self.done), .bytes("\n")), clock: clock)
        #expect(await ask(try model(transport)).completion != nil)
        #expect(transport.unreadPieces == 0)
        let chatter = Array(repeating: ReplayTransport.Piece.bytes(": more\n\n"), count: 50)
        transport = ReplayTransport(
            .response(headers: [:], [.bytes(Self.token + Self.stop + Self.done)] + chatter), clock: clock)
        #expect(await ask(try model(transport)).completion != nil)
        #expect(transport.unreadPieces == 50 - OpenAIModel.drainChunksMax)
    }

    @Test("an error of the caller's closure passes through and ends the transfer")
    func emitFails() async throws {
        struct Full: Error {}
        let transport = ReplayTransport(.stream(.bytes(Self.token), .bytes(Self.token), .stall), clock: clock)
        let model = try model(transport)
        await #expect(throws: Full.self) {
            _ = try await model.answer(.question("hi")) { _ in throw Full() }
        }
        #expect(transport.unreadPieces == 2)
        #expect(transport.requests.count == 1)
    }

    @Test("an event or a plain answer without end is refused")
    func tooLong() async throws {
        let long = String(repeating: "x", count: 600_000)
        var transport = ReplayTransport(.stream(.bytes("data: " + long), .bytes(long), .stall), clock: clock)
        #expect(await ask(try model(transport)).modelError?.kind == .malformedResponse)
        let pieces = Array(repeating: ReplayTransport.Piece.bytes(long), count: 8)
        transport = ReplayTransport(.response(headers: [:], pieces), clock: clock)
        let answer = await ask(try model(transport), .question("hi", streams: false))
        #expect(answer.modelError?.kind == .malformedResponse)
    }
}
