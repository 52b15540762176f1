// The script of a scripted model: a JSON file of answers and faults, for callers' own tests. Pure.

package import ChatEngine
internal import JSON

/// A parsed script.
///
///     {
///       "model": "scripted",                    what replies name; optional
///       "at_end": "repeat",                     or "fail"; after the last answer; default "repeat"
///       "interval_milliseconds": 20,            between tokens, for answers without their own; default 0
///       "answers": [
///         {"text": "word by word"},
///         {"reasoning": ["let me see"], "tokens": ["a", "b"], "first_content_milliseconds": 300},
///         {"tokens": ["cut by the limit"], "finish_reason": "length"},
///         {"tool_calls": [{"id": "1", "name": "time", "arguments": {"zone": "UTC"}}]},
///         {"error": {"kind": "rate_limited", "message": "slow down", "retry_after_milliseconds": 1000}},
///         {"tokens": ["half an ans"], "cut": true},
///         {"tokens": ["and then"], "stall": true}
///       ]
///     }
///
/// An answer ends with `finish_reason` ("stop" unless said), or with one of `error`, `cut` (the stream breaks) and
/// `stall` (nothing comes any more, until a time limit or the caller ends it).
package struct ModelScript: Sendable, Equatable {
    package static let bytesMax = 16 << 20
    /// Tokens, and everything else that is a value, of the whole script.
    package static let valuesMax = 1_000_000
    /// Longer pauses belong in a stall.
    package static let pauseMillisecondsMax = 3_600_000

    package enum Ending: Sendable, Equatable {
        case finish(FinishReason)
        case error(ModelError)
        case cut
        case stall
    }

    package struct Answer: Sendable, Equatable {
        package var events: [ModelEvent] = []
        package var toolCalls: [ToolCall] = []
        package var beforeFirst = Duration.zero
        package var interval = Duration.zero
        package var ending = Ending.finish(.stop)
    }

    package var model: String
    package var answers: [Answer]
    /// After the last answer comes the first one again; otherwise an error.
    package var repeats: Bool

    /// Reads a script.
    ///
    /// - Throws: `ModelSetupError(.invalidScript)` that names the place, and neither keys nor texts.
    package init(parsing bytes: [UInt8]) throws(ModelSetupError) {
        let tree: JSONValue
        do throws(JSONError) {
            tree = try JSONValue(
                parsing: bytes, limits: JSONLimits(bytesMax: Self.bytesMax, valuesMax: Self.valuesMax))
        } catch {
            let place = error.offset.map { " at byte \($0)" } ?? ""
            throw ModelSetupError(.invalidScript, "the script is no JSON\(place): \(error.kind)")
        }
        let script = ScriptReader(tree, at: "the script")
        try script.allow("model", "at_end", "interval_milliseconds", "answers")
        model = try script.text("model") ?? "scripted"
        switch try script.text("at_end") ?? "repeat" {
        case "repeat": repeats = true
        case "fail": repeats = false
        default: throw script.fault("at_end", "is \"repeat\" or \"fail\"")
        }
        let interval = try script.pause("interval_milliseconds") ?? .zero
        answers = []
        for (index, value) in try (script.list("answers") ?? []).enumerated() {
            answers.append(try Self.answer(ScriptReader(value, at: "answer \(index + 1)"), interval: interval))
        }
        if answers.isEmpty { throw script.fault("answers", "has at least one answer") }
    }

    private static func answer(_ json: ScriptReader, interval: Duration) throws(ModelSetupError) -> Answer {
        try json.allow(
            "text", "tokens", "reasoning", "tool_calls", "first_content_milliseconds", "interval_milliseconds",
            "finish_reason", "error", "cut", "stall")
        var answer = Answer()
        for token in try json.texts("reasoning") ?? [] { answer.events.append(.reasoning(token)) }
        if let text = try json.text("text") {
            answer.events += OfflineModel.words(of: text).map { .text($0) }
        }
        for token in try json.texts("tokens") ?? [] { answer.events.append(.text(token)) }
        answer.beforeFirst = try json.pause("first_content_milliseconds") ?? .zero
        answer.interval = try json.pause("interval_milliseconds") ?? interval
        for (index, value) in try (json.list("tool_calls") ?? []).enumerated() {
            let call = ScriptReader(value, at: "\(json.place), tool call \(index + 1)")
            try call.allow("id", "name", "arguments")
            guard let name = try call.text("name"), !name.isEmpty else { throw call.fault("name", "is missing") }
            let arguments = call["arguments"] ?? .object([])
            guard arguments.members != nil else { throw call.fault("arguments", "is an object") }
            let id = try call.text("id") ?? "call_\(index)"
            answer.toolCalls.append(ToolCall(id: id, name: name, arguments: arguments.text))
        }
        answer.ending = try ending(json, hasCalls: !answer.toolCalls.isEmpty)
        return answer
    }

    private static func ending(_ json: ScriptReader, hasCalls: Bool) throws(ModelSetupError) -> Ending {
        var endings: [Ending] = []
        if try json.flag("cut") { endings.append(.cut) }
        if try json.flag("stall") { endings.append(.stall) }
        if let value = json["error"] {
            endings.append(.error(try error(ScriptReader(value, at: "\(json.place), error"))))
        }
        if let name = try json.text("finish_reason") {
            guard let reason = finishReasons[name] else {
                throw json.fault("finish_reason", "is one of \(finishReasons.keys.sorted())")
            }
            endings.append(.finish(reason))
        }
        guard endings.count <= 1 else {
            throw json.fault("finish_reason", "excludes error, cut and stall, which exclude each other")
        }
        return endings.first ?? .finish(hasCalls ? .toolCalls : .stop)
    }

    private static func error(_ json: ScriptReader) throws(ModelSetupError) -> ModelError {
        try json.allow("kind", "message", "retry_after_milliseconds")
        let name = try json.text("kind") ?? "unavailable"
        guard let kind = errorKinds[name] else { throw json.fault("kind", "is one of \(errorKinds.keys.sorted())") }
        return ModelError(
            kind, try json.text("message") ?? "the script says \(name)",
            retryAfter: try json.pause("retry_after_milliseconds"))
    }

    private static let finishReasons: [String: FinishReason] = [
        "stop": .stop, "length": .length, "tool_calls": .toolCalls, "content_filter": .contentFilter, "other": .other,
    ]

    private static let errorKinds: [String: ModelError.Kind] = [
        "invalid_request": .invalidRequest, "unauthorized": .unauthorized, "rate_limited": .rateLimited,
        "unavailable": .unavailable, "interrupted": .interrupted, "timed_out": .timedOut,
        "content_filtered": .contentFiltered, "malformed_response": .malformedResponse,
    ]
}
