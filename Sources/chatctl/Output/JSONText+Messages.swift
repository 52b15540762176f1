// The service's messages as JSON: the proto's field names, enums as their short names in lower case. The keys are
// stable.

internal import ChatClient

extension JSONText {
    static func session(_ session: Session) -> JSONText {
        .object([
            ("id", .string(session.id)), ("title", .string(session.title)),
            ("labels", .object(session.labels.map { ($0.key, .string($0.value)) })),
            ("message_count", .number(session.messageCount)),
            ("created_unix_microseconds", .number(session.createdUnixMicroseconds)),
            ("updated_unix_microseconds", .number(session.updatedUnixMicroseconds)),
            ("expires_unix_microseconds", .number(session.expiresUnixMicroseconds)),
            ("owner", .string(session.owner)), ("user_id", .string(session.userID)),
        ])
    }

    static func message(_ message: ChatMessage) -> JSONText {
        .object([
            ("position", .number(message.position)), ("role", .string(message.role.word)),
            ("text", .string(message.text)), ("turn_id", .string(message.turnID)),
            ("created_unix_microseconds", .number(message.createdUnixMicroseconds)), ("model", .string(message.model)),
            (
                "tool_calls",
                .list(
                    message.toolCalls.map {
                        .object([
                            ("id", .string($0.id)), ("name", .string($0.name)), ("arguments", .string($0.arguments)),
                        ])
                    })
            ), ("tool_call_id", .string(message.toolCallID)),
        ])
    }

    static func reply(_ reply: ChatReply) -> JSONText {
        .object(
            [("text", .string(reply.text))]
                + turn(
                    sessionID: reply.sessionID, turnID: reply.turnID, model: reply.model, reason: reply.finishReason,
                    usage: reply.usage, toolRuns: reply.toolRuns, timing: reply.timing, replayed: reply.replayed))
    }

    /// One event of a streamed answer; its kind is in `event`.
    static func event(_ event: ChatEvent.Event) -> JSONText {
        switch event {
        case .started(let started):
            .object([
                ("event", .string("started")), ("session_id", .string(started.sessionID)),
                ("turn_id", .string(started.turnID)), ("model", .string(started.model)),
                ("replayed", .bool(started.replayed)),
            ])
        case .text(let text): .object([("event", .string("text")), ("text", .string(text))])
        case .reasoning(let text): .object([("event", .string("reasoning")), ("text", .string(text))])
        case .toolStarted(let tool):
            .object([
                ("event", .string("tool_started")), ("call_id", .string(tool.callID)), ("name", .string(tool.name)),
                ("arguments", .string(tool.arguments)),
            ])
        case .toolFinished(let run): .object([("event", .string("tool_finished"))] + toolRun(run))
        case .heartbeat(let heartbeat):
            .object([
                ("event", .string("heartbeat")), ("elapsed_milliseconds", .number(heartbeat.elapsedMilliseconds)),
            ])
        case .finished(let end):
            .object(
                [("event", .string("finished"))]
                    + turn(
                        sessionID: end.sessionID, turnID: end.turnID, model: end.model, reason: end.finishReason,
                        usage: end.usage, toolRuns: end.toolRuns, timing: end.timing, replayed: end.replayed)
                    + [("text_bytes", .number(end.textBytes)), ("text_crc32", .number(end.textCrc32))])
        }
    }

    static func error(_ error: ChatClientError) -> JSONText {
        var members: [(String, JSONText)] = [
            ("code", .string(error.code.rawValue)), ("reason", .string(error.reason)),
            ("message", .string(error.message)), ("retryable", .bool(error.retryable)),
        ]
        if let retryAfter = error.retryAfter {
            members.append(("retry_after_milliseconds", .number(retryAfter.wholeMilliseconds)))
        }
        return .object([("error", .object(members))])
    }

    private static func turn(
        sessionID: String, turnID: String, model: String, reason: FinishReason, usage: TokenUsage?,
        toolRuns: [ToolRun], timing: TurnTiming?, replayed: Bool
    ) -> [(String, JSONText)] {
        let (usage, timing) = (usage ?? TokenUsage(), timing ?? TurnTiming())
        return [
            ("session_id", .string(sessionID)), ("turn_id", .string(turnID)), ("model", .string(model)),
            ("finish_reason", .string(reason.word)), ("replayed", .bool(replayed)),
            (
                "usage",
                .object([
                    ("input_tokens", .number(usage.inputTokens)), ("output_tokens", .number(usage.outputTokens)),
                    ("cached_input_tokens", .number(usage.cachedInputTokens)),
                    ("reasoning_tokens", .number(usage.reasoningTokens)),
                ])
            ),
            ("tool_runs", .list(toolRuns.map { .object(toolRun($0)) })),
            (
                "timing",
                .object([
                    ("queue_microseconds", .number(timing.queueMicroseconds)),
                    ("lock_microseconds", .number(timing.lockMicroseconds)),
                    ("store_microseconds", .number(timing.storeMicroseconds)),
                    ("first_token_microseconds", .number(timing.firstTokenMicroseconds)),
                    ("total_microseconds", .number(timing.totalMicroseconds)),
                    ("durability", .string(timing.durability.word)),
                ])
            ),
        ]
    }

    private static func toolRun(_ run: ToolRun) -> [(String, JSONText)] {
        [
            ("call_id", .string(run.callID)), ("name", .string(run.name)), ("arguments", .string(run.arguments)),
            ("output", .string(run.output)), ("output_truncated", .bool(run.outputTruncated)),
            ("outcome", .string(run.outcome.word)), ("error_message", .string(run.errorMessage)),
            ("duration_microseconds", .number(run.durationMicroseconds)),
        ]
    }
}

extension Duration {
    /// Rounded down; of lengths that come from milliseconds nothing is lost.
    var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
