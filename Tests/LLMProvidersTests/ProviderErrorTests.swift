// What error responses mean, in which words, and that no key is among them.

import ChatEngine
import Testing

@testable import LLMProviders

@Suite("Errors of providers")
struct ProviderErrorTests {
    private func failure(_ status: Int, _ body: String, key: String = "sk-mykey12345") -> AttemptFailure {
        ChatCompletionsFailure(body: Array(body.utf8)).failure(
            status: status, hints: RetryHints(), words: ProviderMessage(key: key))
    }

    @Test(
        "each status has its kind, and only some are worth another try",
        arguments: [
            (400, ModelError.Kind.invalidRequest, false), (401, .unauthorized, false), (402, .unauthorized, false),
            (403, .unauthorized, false), (404, .invalidRequest, false), (408, .unavailable, true),
            (409, .unavailable, true), (413, .invalidRequest, false), (422, .invalidRequest, false),
            (424, .invalidRequest, false), (429, .rateLimited, true), (498, .rateLimited, true),
            (499, .unavailable, true), (500, .unavailable, true), (502, .unavailable, true), (529, .unavailable, true),
            (301, .unavailable, false), (307, .unavailable, false),
        ])
    func statuses(status: Int, kind: ModelError.Kind, mayRetry: Bool) {
        let failure = failure(status, "")
        #expect(failure.error.kind == kind)
        #expect(failure.isRetryable == mayRetry)
        #expect(failure.error.message.contains("\(status)"))
    }

    @Test(
        "bodies of every shape give their words",
        arguments: [
            (
                #"{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}"#,
                "the model's provider answered 404 (model_not_found): no such model"
            ),
            (#"{"error":{"message":"m","code":404}}"#, "the model's provider answered 404: m"),
            (#"{"error":"model 'x' not found"}"#, "the model's provider answered 404: model 'x' not found"),
            (
                #"[{"error":{"code":404,"message":"gone","status":"NOT_FOUND"}}]"#,
                "the model's provider answered 404: gone"
            ),
            (
                #"{"object":"error","message":"vllm","type":"NotFoundError","code":404}"#,
                "the model's provider answered 404: vllm"
            ),
            (#"{"detail":"Not Found"}"#, "the model's provider answered 404: Not Found"),
            (#"{"message":"azure","statusCode":404}"#, "the model's provider answered 404: azure"),
            ("404 page not found\n", "the model's provider answered 404: 404 page not found"),
            (" <html><body>hello</body></html>", "the model's provider answered 404 without an explanation"),
            ("", "the model's provider answered 404 without an explanation"),
            ("{\"a\":", "the model's provider answered 404: {\"a\":"),
        ])
    func bodies(body: String, message: String) {
        #expect(failure(404, body).error.message == message)
    }

    @Test("the name of a tool whose arguments are cut is told on one line and without keys")
    func toolName() throws {
        var accumulator = ChatCompletionsAccumulator(model: "m", words: ProviderMessage(key: "sk-mykey12345"))
        let body =
            #"{"choices":[{"message":{"tool_calls":[{"function":{"name":"a\nb sk-mykey12345","#
            + #""arguments":"{"}}]},"finish_reason":"length"}]}"#
        _ = try accumulator.receiveWhole(Array(body.utf8))
        do throws(AttemptFailure) {
            _ = try accumulator.complete()
            Issue.record("completed")
        } catch {
            #expect(error.error.kind == .malformedResponse)
            #expect(error.error.message.hasPrefix("the model's arguments for tool a b [removed] are no complete JSON"))
        }
    }

    @Test("a filter's refusal and a used-up quota are told apart from their statuses")
    func codes() {
        let filtered = failure(400, #"{"error":{"message":"no","code":"content_filter"}}"#)
        #expect(filtered.error.kind == .contentFiltered)
        #expect(!filtered.isRetryable)
        let quota = failure(429, #"{"error":{"message":"quota","type":"insufficient_quota"}}"#)
        #expect(quota.error.kind == .rateLimited)
        #expect(!quota.isRetryable)
    }

    @Test(
        "whatever looks like a key is removed",
        arguments: [
            ("Incorrect API key provided: sk-mykey12345.", "Incorrect API key provided: [removed]"),
            ("Incorrect API key provided: sk-ab***********2345. See x", "Incorrect API key provided: [removed] See x"),
            ("key 'mykey12345' is wrong", "key '[removed]' is wrong"),
            ("another sk-proj-ABCDEFGH here", "another [removed] here"),
            ("Authorization: Bearer abc", "Authorization: Bearer [removed]"),
            ("AIzaSyA1234567 gsk_abcdefgh1", "[removed] [removed]"),
            ("token 0123456789abcdef0123456789abcdef!", "token [removed]!"),
            (
                "the model gpt-4o-mini-2024-07-18 at https://example.com/docs/api-reference-of-errors-2024 is gone",
                "the model gpt-4o-mini-2024-07-18 at https://example.com/docs/api-reference-of-errors-2024 is gone"
            ),
            ("two\nlines\t and \u{7} more", "two lines and more"),
            ("한국어 메시지", "한국어 메시지"),
        ])
    func redaction(text: String, expected: String) {
        #expect(ProviderMessage(key: "sk-mykey12345").clean(text) == expected)
    }

    @Test("words are cut at their limit")
    func cut() {
        let cleaned = ProviderMessage(key: "").clean(String(repeating: "word ", count: 10_000))
        #expect(cleaned.count == ProviderMessage.charactersMax)
        #expect(cleaned.hasSuffix("…"))
        #expect(failure(500, String(repeating: "a b ", count: 30_000)).error.message.count < 400)
    }

    @Test(
        "dates of HTTP",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000), ("Wed, 31 Dec 2025 23:59:59 GMT", 1_767_225_599),
            ("06 Nov 1994", nil), ("Sun, 32 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
            ("Sun, 06 Nov 1994 25:49:37 GMT", nil), ("", nil),
        ] as [(String, Int64?)])
    func dates(text: String, seconds: Int64?) {
        #expect(HTTPDate.unixSeconds(text) == seconds)
    }
}
