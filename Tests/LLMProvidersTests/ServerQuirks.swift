// Streams as compatible servers send them, each with the quirk that it shows and what must come of it.

import ChatEngine
import Testing

/// One golden stream.
struct ServerQuirk: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        case complete(FinishReason)
        case failure(ModelError.Kind, mayRetry: Bool)
    }

    var server: String
    var quirk: String
    var stream: String
    var text = ""
    var reasoning = ""
    var calls: [ToolCall] = []
    /// Input, output, cached, reasoning.
    var usage = [0, 0, 0, 0]
    var model = "configured"
    var outcome = Outcome.complete(.stop)

    var testDescription: String { "\(server): \(quirk)" }
}

/// A chunk with one choice.
private func chunk(_ delta: String, finish: String = "null", more: String = "") -> String {
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":\(delta),\"finish_reason\":\(finish)}]\(more)}\n\n"
}

private func content(_ text: String) -> String { chunk("{\"content\":\"\(text)\"}") }

private func call(_ id: String, _ name: String, _ arguments: String) -> ToolCall {
    ToolCall(id: id, name: name, arguments: arguments)
}

private let stop = chunk("{}", finish: "\"stop\"")
private let done = "data: [DONE]\n\n"

extension ServerQuirk {
    static let all: [ServerQuirk] = openAI + azure + vLLM + llamaCPP + ollama + others

    private static let openAI = [
        ServerQuirk(
            server: "OpenAI", quirk: "usage in a chunk without choices, padding, usage null elsewhere",
            stream: """
                data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{\
                "index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}

                data: {"model":"m-1","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}],\
                "usage":null,"obfuscation":"ab3"}

                data: {"model":"m-1","choices":[{"index":0,"delta":{"content":"lo 한😀"}}],"usage":null}

                data: {"model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

                data: {"model":"m-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,\
                "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},\
                "completion_tokens_details":{"reasoning_tokens":2}}}

                data: [DONE]


                """, text: "Hello 한😀", usage: [9, 3, 4, 2], model: "m-1"),
        ServerQuirk(
            server: "OpenAI", quirk: "two tool calls in fragments by index, id and name only in the first",
            stream: chunk(
                #"{"content":null,"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}"#
            )
                + chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}"#)
                + chunk(#"{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}"#)
                + chunk(
                    #"{"tool_calls":[{"index":0,"function":{"arguments":"1}"}},"#
                        + #"{"index":1,"function":{"arguments":"}"}}]}"#
                )
                + chunk("{}", finish: "\"tool_calls\"") + done,
            calls: [call("a", "f", #"{"x":1}"#), call("b", "g", "{}")], outcome: .complete(.toolCalls)),
        ServerQuirk(
            server: "OpenAI", quirk: "finish_reason stop with tool calls, and keepalive comments",
            stream: ": keepalive\n\n"
                + chunk(#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#)
                + ": keepalive\n\n" + stop + done,
            calls: [call("a", "f", "{}")], outcome: .complete(.toolCalls)),
        ServerQuirk(
            server: "OpenAI", quirk: "a refusal instead of content",
            stream: chunk(#"{"refusal":"I can"}"#) + chunk(#"{"refusal":"not."}"#) + stop + done, text: "I cannot."),
        ServerQuirk(
            server: "OpenAI", quirk: "an error event after content is an interruption",
            stream: content("Hel") + #"data: {"error":{"message":"oops","type":"server_error"}}"# + "\n\n", text: "Hel",
            outcome: .failure(.interrupted, mayRetry: false)),
        ServerQuirk(
            server: "OpenAI", quirk: "content_filter",
            stream: content("a") + chunk("{}", finish: "\"content_filter\"") + done,
            text: "a", outcome: .complete(.contentFilter)),
    ]

    private static let azure = [
        ServerQuirk(
            server: "Azure", quirk: "empty choices first, choices without delta, empty model",
            stream: """
                data: {"choices":[],"created":0,"id":"","model":"","prompt_filter_results":[{"prompt_index":0}]}

                data: {"choices":[{"index":0,"delta":{"content":"","role":"assistant"}}],"model":"gpt"}

                data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"model":"gpt"}

                data: {"choices":[{"content_filter_offsets":{"check_offset":35},"content_filter_results":{},\
                "finish_reason":null,"index":0}],"id":"","model":""}

                data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"model":"gpt"}

                data: [DONE]


                """, text: "Hi", model: "gpt"),
        ServerQuirk(
            server: "Azure", quirk: "an error inside HTTP 200 after start-up chunks",
            stream: """
                data: {"choices":[],"id":"","model":"","prompt_filter_results":[]}

                data: {"choices":[{"index":0,"delta":{"content":"","role":"assistant"},"finish_reason":null}]}

                data: {"error":{"message":"slow down","type":"requests","code":"429"}}


                """, outcome: .failure(.rateLimited, mayRetry: true)),
    ]

    private static let vLLM = [
        ServerQuirk(
            server: "vLLM", quirk: "usage with choices absent, then null: the last one counts",
            stream: content("a") + stop + #"data: {"usage":{"prompt_tokens":1,"completion_tokens":1}}"# + "\n\n"
                + #"data: {"choices":null,"usage":{"prompt_tokens":5,"completion_tokens":2}}"# + "\n\n" + done,
            text: "a",
            usage: [5, 2, 0, 0]),
        ServerQuirk(
            server: "vLLM", quirk: "the reasoning key, and content that rides with finish_reason length",
            stream: chunk(#"{"reasoning":"hm"}"#) + chunk(#"{"content":"tail"}"#, finish: "\"length\"") + done,
            text: "tail",
            reasoning: "hm", outcome: .complete(.length)),
        ServerQuirk(
            server: "vLLM", quirk: "finish_reason tool_calls although the arguments are cut",
            stream: chunk(#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]}"#)
                + chunk("{}", finish: "\"tool_calls\"") + done, outcome: .failure(.malformedResponse, mayRetry: false)),
    ]

    private static let llamaCPP = [
        ServerQuirk(
            server: "llama.cpp", quirk: "pings, content null first, no empty line after [DONE]",
            stream: ":\n\n:\n\n" + chunk(#"{"role":"assistant","content":null}"#) + content("ok") + stop
                + "data: [DONE]\n",
            text: "ok"),
        ServerQuirk(
            server: "llama.cpp", quirk: "a field named error",
            stream: content("a") + #"error: {"code":500,"message":"broken","type":"server_error"}"# + "\n\n", text: "a",
            outcome: .failure(.interrupted, mayRetry: false)),
        ServerQuirk(
            server: "llama.cpp", quirk: "a prompt that is too long, at HTTP 200",
            stream: #"data: {"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}"# + "\n\n",
            outcome: .failure(.invalidRequest, mayRetry: false)),
        ServerQuirk(
            server: "llama.cpp", quirk: "the same as a bare field",
            stream: #"error: {"code":400,"message":"too long","type":"exceed_context_size_error"}"# + "\n\n",
            outcome: .failure(.invalidRequest, mayRetry: false)),
    ]

    private static let ollama = [
        ServerQuirk(
            server: "Ollama", quirk: "whole parallel calls in one delta each, all at index 0, finish_reason stop",
            stream: chunk(
                #"{"content":"","tool_calls":[{"id":"a","index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}]}"#)
                + chunk(
                    #"{"tool_calls":[{"id":"b","index":0,"function":{"name":"f","arguments":"{\"x\":2}"}}]}"#
                )
                + stop + done, calls: [call("a", "f", #"{"x":1}"#), call("b", "f", #"{"x":2}"#)],
            outcome: .complete(.toolCalls)),
        ServerQuirk(
            server: "Ollama", quirk: "the same without ids",
            stream: chunk(#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}]}"#)
                + chunk(#"{"tool_calls":[{"index":0,"function":{"name":"g","arguments":{"x":2}}}]}"#) + stop + done,
            calls: [call("call_0", "f", #"{"x":1}"#), call("call_1", "g", #"{"x":2}"#)],
            outcome: .complete(.toolCalls)),
    ]

    private static let others = [
        ServerQuirk(
            server: "Gemini", quirk: "calls without index, with extra content, finish_reason stop",
            stream: chunk(
                #"{"role":"assistant","tool_calls":[{"extra_content":{"google":{"thought_signature":"x"}},"function":"#
                    + #"{"arguments":"{\"a\":1}","name":"f"},"id":"","type":"function"},"#
                    + #"{"function":{"arguments":"{}","name":"f"},"id":"","type":"function"}]}"#, finish: "\"stop\"")
                + done,
            calls: [call("call_0", "f", #"{"a":1}"#), call("call_1", "f", "{}")], outcome: .complete(.toolCalls)),
        ServerQuirk(
            server: "any", quirk: "an id left out, and the one that would be made given to another call",
            stream: chunk(
                #"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}},"#
                    + #"{"index":1,"id":"call_0","function":{"name":"g","arguments":"{}"}}]}"#) + stop + done,
            calls: [call("call_1", "f", "{}"), call("call_0", "g", "{}")], outcome: .complete(.toolCalls)),
        ServerQuirk(
            server: "Gemini", quirk: "fragments without index that follow their id",
            stream: chunk(#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"a\""}}]}"#)
                + chunk(#"{"tool_calls":[{"function":{"arguments":":1}"}}]}"#)
                + chunk(#"{"tool_calls":[{"id":"b","function":{"name":"g"}}]}"#) + stop + done,
            calls: [call("a", "f", #"{"a":1}"#), call("b", "g", "{}")], outcome: .complete(.toolCalls)),
        ServerQuirk(
            server: "DeepSeek", quirk: "keep-alive comments, reasoning_content before content",
            stream: ": keep-alive\n\n: keep-alive\n\n" + chunk(#"{"content":null,"reasoning_content":"think"}"#)
                + chunk(#"{"content":"answer","reasoning_content":null}"#) + stop + done, text: "answer",
            reasoning: "think"),
        ServerQuirk(
            server: "OpenRouter", quirk: "comments, and an error with a number for a code after tokens",
            stream: ": OPENROUTER PROCESSING\n\n" + content("tok")
                + #"data: {"error":{"code":502,"message":"gone"},"choices":[{"index":0,"delta":{"content":""},"#
                + #""finish_reason":"error"}]}"# + "\n\n", text: "tok", outcome: .failure(.interrupted, mayRetry: false)
        ),
        ServerQuirk(
            server: "OpenRouter", quirk: "credits are used up before the first token",
            stream: #"data: {"error":{"code":402,"message":"credits"}}"# + "\n\n",
            outcome: .failure(.unauthorized, mayRetry: false)),
        ServerQuirk(
            server: "OpenRouter", quirk: "finish_reason error without an error",
            stream: chunk("{}", finish: "\"error\"") + done, outcome: .failure(.unavailable, mayRetry: true)),
        ServerQuirk(
            server: "Groq", quirk: "usage under x_groq",
            stream: content("a")
                + chunk(
                    "{}", finish: "\"stop\"", more: #","x_groq":{"usage":{"prompt_tokens":7,"completion_tokens":1}}"#)
                + done,
            text: "a", usage: [7, 1, 0, 0]),
        ServerQuirk(
            server: "any", quirk: "an error that is a text", stream: #"data: {"error":"overloaded"}"# + "\n\n",
            outcome: .failure(.unavailable, mayRetry: true)),
        ServerQuirk(
            server: "any", quirk: "empty data, delta null, error null, unknown fields and events, other choices",
            stream: "data:\n\ndata\n\n" + chunk("null") + "event: noise\ndata: {\"surprise\":[1]}\n\n"
                + #"data: {"error":null,"choices":[{"index":1,"delta":{"content":"no"}},{"delta":{"content":"yes"}}]}"#
                + "\n\n" + stop + done, text: "yes"),
        ServerQuirk(
            server: "any", quirk: "content as a list of parts",
            stream: chunk(#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#) + stop + done,
            text: "ab"),
        ServerQuirk(
            server: "any", quirk: "a finish reason and no [DONE]", stream: content("a") + stop, text: "a"),
        ServerQuirk(
            server: "any", quirk: "[DONE] and no finish reason", stream: content("a") + done, text: "a"),
        ServerQuirk(
            server: "any", quirk: "neither of them after content", stream: content("a"), text: "a",
            outcome: .failure(.interrupted, mayRetry: false)),
        ServerQuirk(
            server: "any", quirk: "neither of them and nothing else", stream: ": hello\n\n",
            outcome: .failure(.interrupted, mayRetry: true)),
        ServerQuirk(
            server: "any", quirk: "no JSON", stream: "data: <html>\n\n",
            outcome: .failure(.malformedResponse, mayRetry: false)),
        ServerQuirk(
            server: "any", quirk: "an unknown finish reason",
            stream: content("a") + chunk("{}", finish: "\"moon\"") + done,
            text: "a", outcome: .complete(.other)),
        ServerQuirk(
            server: "any", quirk: "a deprecated function_call",
            stream: chunk(#"{"function_call":{"name":"f","arguments":"{"}}"#)
                + chunk(#"{"function_call":{"arguments":"}"}}"#)
                + chunk("{}", finish: "\"function_call\"") + done, calls: [call("call_0", "f", "{}")],
            outcome: .complete(.toolCalls)),
        ServerQuirk(
            server: "any", quirk: "a call without a name",
            stream: chunk(#"{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{}"}}]}"#) + stop + done,
            outcome: .failure(.malformedResponse, mayRetry: false)),
    ]
}
