// Writes the body of a chat completions request. Pure.

internal import ChatEngine
internal import JSON

enum ChatCompletionsRequest {
    /// The HTTP request that asks `configuration`'s server for an answer.
    static func http(_ request: ModelRequest, _ configuration: OpenAIConfiguration) -> ModelHTTPRequest {
        var headers = configuration.authorizationHeaders
        headers.append(("Content-Type", "application/json"))
        headers.append(("Accept", request.streams ? "text/event-stream" : "application/json"))
        return ModelHTTPRequest(
            method: "POST", url: configuration.baseURL.appending("/chat/completions"), headers: headers,
            body: body(request, configuration))
    }

    /// The body as compact JSON, with its members always in this order.
    static func body(_ request: ModelRequest, _ configuration: OpenAIConfiguration) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.key("model")
            json.string(request.model ?? configuration.model)
            json.key("messages")
            json.array { list in
                for message in request.messages { write(message, &list) }
            }
            if let temperature = request.temperature, temperature.isFinite {
                json.key("temperature")
                json.double(temperature)
            }
            if let outputTokensMax = request.outputTokensMax {
                json.key(configuration.outputLimitField.rawValue)
                json.integer(outputTokensMax)
            }
            if !request.tools.isEmpty {
                json.key("tools")
                json.array { list in
                    for tool in request.tools { write(tool, &list) }
                }
            }
            if let userID = request.userID, !userID.isEmpty {
                json.key("user")
                json.string(userID)
            }
            json.key("stream")
            json.bool(request.streams)
            if request.streams {
                json.key("stream_options")
                json.object {
                    $0.key("include_usage")
                    $0.bool(true)
                }
            }
        }
        return writer.finish()
    }

    private static func write(_ message: PromptMessage, _ json: inout JSONWriter) {
        json.object { json in
            json.key("role")
            json.string(message.role.rawValue)
            json.key("content")
            // An assistant that only asked for tools said nothing; some servers refuse an empty text there.
            if message.text.isEmpty && !message.toolCalls.isEmpty {
                json.null()
            } else {
                json.string(message.text)
            }
            if !message.toolCalls.isEmpty {
                json.key("tool_calls")
                json.array { list in
                    for call in message.toolCalls { write(call, &list) }
                }
            }
            if let toolCallID = message.toolCallID {
                json.key("tool_call_id")
                json.string(toolCallID)
            }
        }
    }

    private static func write(_ call: ToolCall, _ json: inout JSONWriter) {
        json.object { json in
            json.key("id")
            json.string(call.id)
            json.key("type")
            json.string("function")
            json.key("function")
            json.object {
                $0.key("name")
                $0.string(call.name)
                $0.key("arguments")
                $0.string(call.arguments)
            }
        }
    }

    private static func write(_ tool: ToolDefinition, _ json: inout JSONWriter) {
        json.object { json in
            json.key("type")
            json.string("function")
            json.key("function")
            json.object { json in
                json.key("name")
                json.string(tool.name)
                json.key("description")
                json.string(tool.summary)
                json.key("parameters")
                // Read and written again, so that a broken schema cannot break the request around it.
                let schema = try? JSONValue(parsing: tool.parametersSchema)
                json.value(schema ?? .object([JSONValue.Member("type", .string("object"))]))
            }
        }
    }
}
