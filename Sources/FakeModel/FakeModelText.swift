// The JSON texts of the chat completions format, as the fake model writes them. Pure.

internal import JSON

/// Writes chunks and whole completions for one model's name.
struct FakeModelText {
    private static let created = 1_700_000_000
    let model: String
    let quirks: FakeModelScript.Quirks

    /// A chunk with one choice, whose delta `body` writes.
    func chunk(finish: String? = nil, _ body: (inout JSONWriter) -> Void) -> String {
        event { json in
            json.key("choices")
            json.array {
                $0.object { choice in
                    choice.key("index")
                    choice.integer(0)
                    choice.key("delta")
                    choice.object(body)
                    choice.key("finish_reason")
                    if let finish { choice.string(finish) } else { choice.null() }
                }
            }
        }
    }

    func content(_ text: String) -> String {
        chunk {
            $0.key("content")
            $0.string(text)
        }
    }

    func role() -> String {
        chunk { delta in
            delta.key("role")
            delta.string("assistant")
            delta.key("content")
            if quirks.contains(.nullContent) { delta.null() } else { delta.string("") }
        }
    }

    func reasoning(_ text: String) -> String {
        chunk {
            $0.key(reasoningKey)
            $0.string(text)
        }
    }

    private var reasoningKey: String { quirks.contains(.reasoningField) ? "reasoning" : "reasoning_content" }

    /// One chunk per fragment of the arguments; the first one has id and name.
    func toolCall(index: Int, id: String, name: String, arguments: [String]) -> [String] {
        let fragments = arguments.isEmpty ? [""] : arguments
        return fragments.enumerated().map { position, fragment in
            chunk { delta in
                delta.key("tool_calls")
                delta.array {
                    $0.object { call in
                        if !quirks.contains(.noToolCallIndex) {
                            call.key("index")
                            call.integer(index)
                        }
                        if position == 0 { Self.writeIdentity(id, &call) }
                        call.key("function")
                        call.object { function in
                            if position == 0 {
                                function.key("name")
                                function.string(name)
                            }
                            function.key("arguments")
                            function.string(fragment)
                        }
                    }
                }
            }
        }
    }

    private static func writeIdentity(_ id: String, _ call: inout JSONWriter) {
        call.key("id")
        call.string(id)
        call.key("type")
        call.string("function")
    }

    func usage(tokens: Int) -> String {
        event { json in
            if !quirks.contains(.usageWithoutChoices) {
                json.key("choices")
                json.array { _ in }
            }
            Self.writeUsage(tokens, &json)
        }
    }

    /// What Azure sends before and between the chunks that matter.
    func azureChunks() -> [String] {
        [
            #"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}"#,
            #"{"choices":[{"index":0,"finish_reason":null,"content_filter_offsets":{}}],"id":"","model":""}"#,
        ]
    }

    static func error(message: String, type: String, code: Int?) -> String {
        var json = JSONWriter()
        json.object { json in
            json.key("error")
            json.object { error in
                error.key("message")
                error.string(message)
                error.key("type")
                error.string(type)
                error.key("param")
                error.null()
                error.key("code")
                if let code { error.integer(code) } else { error.null() }
            }
        }
        return String(decoding: json.finish(), as: UTF8.self)
    }

    static func models(_ names: [String]) -> String {
        var json = JSONWriter()
        json.object { json in
            json.key("object")
            json.string("list")
            json.key("data")
            json.array { list in
                for name in names {
                    list.object { model in
                        model.key("id")
                        model.string(name)
                        model.key("object")
                        model.string("model")
                        model.key("created")
                        model.integer(created)
                        model.key("owned_by")
                        model.string("fake")
                    }
                }
            }
        }
        return String(decoding: json.finish(), as: UTF8.self)
    }

    /// The answer to a request that asked for no stream.
    func completion(_ answer: FakeModelAnswer) -> String {
        var json = JSONWriter()
        json.object { json in
            writeIdentity("chat.completion", &json)
            json.key("choices")
            json.array {
                $0.object { choice in
                    choice.key("index")
                    choice.integer(0)
                    choice.key("message")
                    choice.object { writeMessage(answer, &$0) }
                    choice.key("finish_reason")
                    choice.string(answer.finish)
                }
            }
            Self.writeUsage(answer.tokens, &json)
        }
        return String(decoding: json.finish(), as: UTF8.self)
    }

    private func writeMessage(_ answer: FakeModelAnswer, _ message: inout JSONWriter) {
        message.key("role")
        message.string("assistant")
        message.key("content")
        if answer.content.isEmpty, !answer.toolCalls.isEmpty {
            message.null()
        } else {
            message.string(answer.content)
        }
        if !answer.reasoning.isEmpty {
            message.key(reasoningKey)
            message.string(answer.reasoning)
        }
        guard !answer.toolCalls.isEmpty else { return }
        message.key("tool_calls")
        message.array { list in
            for call in answer.toolCalls {
                list.object { json in
                    Self.writeIdentity(call.id, &json)
                    json.key("function")
                    json.object { function in
                        function.key("name")
                        function.string(call.name)
                        function.key("arguments")
                        function.string(call.arguments)
                    }
                }
            }
        }
    }

    private func event(_ body: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        json.object { json in
            writeIdentity("chat.completion.chunk", &json)
            body(&json)
        }
        return String(decoding: json.finish(), as: UTF8.self)
    }

    private func writeIdentity(_ object: String, _ json: inout JSONWriter) {
        json.key("id")
        json.string("chatcmpl-fake")
        json.key("object")
        json.string(object)
        json.key("created")
        json.integer(Self.created)
        json.key("model")
        json.string(model)
    }

    private static func writeUsage(_ tokens: Int, _ json: inout JSONWriter) {
        json.key("usage")
        json.object { usage in
            usage.key("prompt_tokens")
            usage.integer(10)
            usage.key("completion_tokens")
            usage.integer(tokens)
            usage.key("total_tokens")
            usage.integer(10 + tokens)
        }
    }
}

/// What the steps of a script add up to.
struct FakeModelAnswer {
    var content = ""
    var reasoning = ""
    var toolCalls: [(id: String, name: String, arguments: String)] = []
    var finish = "stop"
    var tokens = 0
}
