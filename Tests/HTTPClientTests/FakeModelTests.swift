// The fake model's wire format, checked through the client and the event parser: what providers are tested against must
// be right itself.

import FakeModel
import IOLoop
import Testing

@testable import HTTPClient

@Suite("Fake model", .timeLimit(.minutes(1)))
struct FakeModelTests {
    /// The data of all events of one answer.
    private func events(_ script: FakeModelScript, message: String = "hello") async throws -> [String] {
        let server = try await ModelOnLoop([script])
        let exchange = try await server.exchange(server.chat(message))
        try await server.stop()
        var parser = ServerSentEventParser()
        parser.feed(exchange.body)
        parser.end()
        var events: [String] = []
        while let event = try parser.next() { events.append(event.name + String(decoding: event.data, as: UTF8.self)) }
        return events
    }

    private let start = #"{"id":"chatcmpl-fake","object":"chat.completion.chunk","created":1700000000,"model":"m","#
    private var head: String { start + #""choices":[{"index":0,"# }

    @Test("echoes the last user message as a stream with role, tokens, finish, usage and end")
    func echoes() async throws {
        let events = try await events(.echo, message: "say hello")
        #expect(
            events == [
                head + #""delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
                head + #""delta":{"content":"echo:"},"finish_reason":null}]}"#,
                head + #""delta":{"content":" say"},"finish_reason":null}]}"#,
                head + #""delta":{"content":" hello"},"finish_reason":null}]}"#,
                head + #""delta":{},"finish_reason":"stop"}]}"#,
                start + #""choices":[],"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13}}"#,
                "[DONE]",
            ])
    }

    @Test("streams tool calls with id and name once and arguments in fragments")
    func toolCalls() async throws {
        let events = try await events(.toolCall(name: "time", arguments: ["{\"a\"", ":1}"]))
        #expect(
            events[1...2] == [
                head
                    + #""delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"time","#
                    + #""arguments":"{\"a\""}}]},"finish_reason":null}]}"#,
                head + #""delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":null}]}"#,
            ])
        #expect(events[3].contains(#""finish_reason":"tool_calls""#))
    }

    @Test("speaks as other servers do")
    func quirks() async throws {
        let steps: [FakeModelScript.Step] = [
            .role, .reasoning("hm"), .toolCall(id: "c", name: "f", arguments: []), .error(message: "no", type: "t"),
            .usage, .done,
        ]
        let events = try await events(
            FakeModelScript(
                steps,
                quirks: [
                    .reasoningField, .noToolCallIndex, .azureChunks, .nullContent, .noLineAfterDone, .carriageReturns,
                    .usageWithoutChoices, .errorField, .numericErrorCode, .noSpaceAfterColon,
                ]))
        #expect(events.count == 8)
        #expect(events[0].hasPrefix(#"{"choices":[],"#))
        #expect(!events[1].contains("delta"))
        #expect(events[2].contains(#""content":null"#))
        #expect(events[3].contains(#"{"reasoning":"hm"}"#))
        #expect(events[4].contains(#""tool_calls":[{"id":"c""#))
        #expect(events[5] == #"error{"error":{"message":"no","type":"t","param":null,"code":502}}"#)
        #expect(!events[6].contains("choices"))
        #expect(events[7] == "[DONE]")
    }

    @Test("a message may have a script of its own; the others take turns")
    func scriptsByMessage() async throws {
        let server = try await ModelOnLoop([.answer(["one"]), .answer(["two"])])
        try await server.onLoop.run { _ in server.model.answer("special", by: .answer(["three"])) }
        var contents: [String] = []
        for message in ["a", "special", "b", "c"] {
            let text = try await server.exchange(server.chat(message, streams: false)).text
            contents += ["one", "two", "three"].filter { text.contains(#""content":"\#($0)""#) }
        }
        #expect(contents == ["one", "three", "two", "one"])
        try await server.stop()
    }

    @Test("lists its models and refuses what it does not know")
    func otherPaths() async throws {
        let server = try await ModelOnLoop([.echo])
        let models = try await server.exchange(HTTPRequest(method: "GET", url: server.baseURL + "/models"))
        #expect(
            models.text
                == #"{"object":"list","data":[{"id":"fake","object":"model","created":1700000000,"owned_by":"fake"}]}"#)
        let other = try await server.exchange(HTTPRequest(method: "GET", url: server.baseURL + "/other"))
        #expect(other.status == 404)
        let bad = try await server.exchange(
            HTTPRequest(method: "POST", url: server.baseURL + "/chat/completions", body: Array("{}".utf8)))
        #expect(bad.status == 400)
        try await server.stop()
    }

    @Test("keeps its limits on headers, bodies, connections and records")
    func limits() async throws {
        var limits = FakeModelLimits()
        limits.headerBytesMax = 1000
        limits.bodyBytesMax = 1000
        limits.recordsMax = 4
        let server = try await ModelOnLoop([.answer(tokens: 1)], limits: limits)
        var request = server.chat()
        request.headers.append(("X-Long", String(repeating: "x", count: 2000)))
        #expect(try await server.exchange(request).status == 431)
        #expect(try await server.exchange(server.chat(String(repeating: "x", count: 2000))).status == 413)
        for _ in 0..<10 { _ = try await server.exchange(server.chat()) }
        let (count, remembered) = try await server.onLoop.run { _ in
            (server.model.requestCount, server.model.requests.count)
        }
        #expect(count == 10)
        #expect(remembered <= 4)
        try await server.stop()
    }
}
