// Between the API's messages and the engine's values, for turns.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension TurnRequest {
    /// Absent fields of a request are empty or zero; the engine has nil for them.
    init(_ request: ChatRequest, context: CallContext, streams: Bool) throws {
        self.init(
            owner: context.identity.owner, message: request.message,
            sessionID: request.sessionID.isEmpty ? nil : request.sessionID, userID: request.userID,
            turnID: request.turnID.isEmpty ? nil : request.turnID, systemPrompt: request.systemPrompt,
            model: request.model.isEmpty ? nil : request.model, temperature: request.temperature,
            outputTokensMax: request.maxOutputTokens == 0 ? nil : Int(request.maxOutputTokens),
            whenBusy: BusyPolicy(request), streams: streams, deadline: context.deadline, receivedAt: context.receivedAt)
    }
}

extension BusyPolicy {
    init(_ request: ChatRequest) {
        switch request.whenBusy {
        case .refuse: self = .refuse
        case .unspecified, .wait, .unrecognized:
            let wait = request.busyWaitMilliseconds
            self = .wait(wait == 0 ? nil : .milliseconds(Int64(wait)))
        }
    }
}

extension ChatReply {
    init(_ reply: TurnReply) {
        self.init(
            text: reply.text, sessionID: reply.sessionID, turnID: reply.turnID, model: reply.model,
            finishReason: FinishReasonMessage(reply.finishReason), usage: TokenUsageMessage(reply.usage),
            toolRuns: reply.toolRuns.map { ToolRunMessage($0) }, timing: TurnTimingMessage(reply.timing),
            replayed: reply.replayed)
    }
}

extension TurnFinished {
    init(_ reply: TurnReply, textBytes: UInt64, checksum: UInt32) {
        self.init(
            sessionID: reply.sessionID, turnID: reply.turnID, model: reply.model,
            finishReason: FinishReasonMessage(reply.finishReason), usage: TokenUsageMessage(reply.usage),
            toolRuns: reply.toolRuns.map { ToolRunMessage($0) }, timing: TurnTimingMessage(reply.timing),
            replayed: reply.replayed, textBytes: textBytes, textCrc32: checksum)
    }
}

extension TurnStartedMessage {
    init(_ started: EngineTurnStarted) {
        self.init(
            sessionID: started.sessionID, turnID: started.turnID, model: started.model, replayed: started.replayed)
    }
}

extension FinishReasonMessage {
    init(_ reason: EngineFinishReason) {
        switch reason {
        case .stop: self = .stop
        case .length: self = .length
        case .toolCalls: self = .toolCalls
        case .contentFilter: self = .contentFilter
        case .other: self = .other
        }
    }
}

extension TokenUsageMessage {
    init(_ usage: EngineTokenUsage) {
        self.init(
            inputTokens: UInt64(clamping: usage.inputTokens), outputTokens: UInt64(clamping: usage.outputTokens),
            cachedInputTokens: UInt64(clamping: usage.cachedInputTokens),
            reasoningTokens: UInt64(clamping: usage.reasoningTokens))
    }
}

extension ToolRunMessage {
    init(_ run: EngineToolRun) {
        let outcome: ToolOutcome =
            switch run.status {
            case .succeeded: .succeeded
            case .failed: .failed
            case .timedOut: .timedOut
            }
        self.init(
            callID: run.id, name: run.name, arguments: run.arguments, output: run.output,
            outputTruncated: run.outputTruncated, outcome: outcome, errorMessage: run.errorMessage,
            durationMicroseconds: UInt64(clamping: run.durationMicroseconds))
    }
}

extension TurnTimingMessage {
    init(_ timing: EngineTurnTiming) {
        self.init(
            queueMicroseconds: UInt64(clamping: timing.queueMicroseconds),
            lockMicroseconds: UInt64(clamping: timing.lockMicroseconds),
            storeMicroseconds: UInt64(clamping: timing.storeMicroseconds),
            firstTokenMicroseconds: UInt64(clamping: timing.firstTokenMicroseconds),
            totalMicroseconds: UInt64(clamping: timing.totalMicroseconds),
            durability: DurabilityMessage(timing.durability))
    }
}

extension DurabilityMessage {
    fileprivate init(_ durability: EngineDurability?) {
        switch durability {
        case nil: self = .unspecified
        case .memory: self = .memory
        case .disk: self = .disk
        case .replica: self = .replica
        }
    }
}

extension CancelOutcomeMessage {
    init(_ outcome: EngineCancelOutcome) {
        switch outcome {
        case .cancelling: self = .cancelled
        case .tooLate: self = .tooLate
        case .notRunning: self = .notRunning
        }
    }
}
