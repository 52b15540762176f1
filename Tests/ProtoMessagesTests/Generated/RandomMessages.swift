// Generated from proto/** by proto/generate (proto/generator); never edited by hand.
// Every message filled at random, for round trips.
// swift-format-ignore-file

@testable import ProtoMessages

extension ChatRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.message = random.text()
        message.sessionID = random.text()
        message.userID = random.text()
        message.turnID = random.text()
        message.systemPrompt = random.optional { random in random.text() }
        message.model = random.text()
        message.temperature = random.optional { random in random.double() }
        message.maxOutputTokens = random.integer()
        message.whenBusy = WhenBusy(number: random.number(of: WhenBusy.known.map { $0.number }))
        message.busyWaitMilliseconds = random.integer()
        return message
    }
}

extension ChatReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.text = random.text()
        message.sessionID = random.text()
        message.turnID = random.text()
        message.model = random.text()
        message.finishReason = FinishReason(number: random.number(of: FinishReason.known.map { $0.number }))
        message.usage = random.optional { random in TokenUsage.random(&random) }
        message.toolRuns = random.list { random in ToolRun.random(&random) }
        message.timing = random.optional { random in TurnTiming.random(&random) }
        message.replayed = random.bool()
        return message
    }
}

extension TokenUsage: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.inputTokens = random.integer()
        message.outputTokens = random.integer()
        message.cachedInputTokens = random.integer()
        message.reasoningTokens = random.integer()
        return message
    }
}

extension ToolRun: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.callID = random.text()
        message.name = random.text()
        message.arguments = random.text()
        message.output = random.text()
        message.outputTruncated = random.bool()
        message.outcome = ToolOutcome(number: random.number(of: ToolOutcome.known.map { $0.number }))
        message.errorMessage = random.text()
        message.durationMicroseconds = random.integer()
        return message
    }
}

extension TurnTiming: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.queueMicroseconds = random.integer()
        message.lockMicroseconds = random.integer()
        message.storeMicroseconds = random.integer()
        message.firstTokenMicroseconds = random.integer()
        message.totalMicroseconds = random.integer()
        return message
    }
}

extension ChatEvent: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.sequence = random.integer()
        switch random.index(8) {
        case 0: message.event = .started(TurnStarted.random(&random))
        case 1: message.event = .text(random.text())
        case 2: message.event = .reasoning(random.text())
        case 3: message.event = .toolStarted(ToolStarted.random(&random))
        case 4: message.event = .toolFinished(ToolRun.random(&random))
        case 5: message.event = .heartbeat(Heartbeat.random(&random))
        case 6: message.event = .finished(TurnFinished.random(&random))
        default: message.event = nil
        }
        return message
    }
}

extension TurnStarted: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.sessionID = random.text()
        message.turnID = random.text()
        message.model = random.text()
        message.replayed = random.bool()
        return message
    }
}

extension ToolStarted: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.callID = random.text()
        message.name = random.text()
        message.arguments = random.text()
        return message
    }
}

extension Heartbeat: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.elapsedMilliseconds = random.integer()
        return message
    }
}

extension TurnFinished: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.sessionID = random.text()
        message.turnID = random.text()
        message.model = random.text()
        message.finishReason = FinishReason(number: random.number(of: FinishReason.known.map { $0.number }))
        message.usage = random.optional { random in TokenUsage.random(&random) }
        message.toolRuns = random.list { random in ToolRun.random(&random) }
        message.timing = random.optional { random in TurnTiming.random(&random) }
        message.replayed = random.bool()
        message.textBytes = random.integer()
        message.textCrc32 = random.integer()
        return message
    }
}

extension CancelTurnRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.sessionID = random.text()
        message.turnID = random.text()
        return message
    }
}

extension CancelTurnReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.outcome = CancelOutcome(number: random.number(of: CancelOutcome.known.map { $0.number }))
        return message
    }
}

extension EchoRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.payload = random.bytes()
        return message
    }
}

extension EchoReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.payload = random.bytes()
        return message
    }
}

extension AcquireLockRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.key = random.text()
        message.token = random.text()
        message.ttlMilliseconds = random.integer()
        message.waitMilliseconds = random.integer()
        message.ownerLabel = random.text()
        return message
    }
}

extension AcquireLockReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.fence = random.integer()
        message.expiresInMilliseconds = random.integer()
        return message
    }
}

extension RenewLockRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.key = random.text()
        message.token = random.text()
        message.ttlMilliseconds = random.integer()
        return message
    }
}

extension RenewLockReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.fence = random.integer()
        message.expiresInMilliseconds = random.integer()
        return message
    }
}

extension ReleaseLockRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.key = random.text()
        message.token = random.text()
        return message
    }
}

extension ReleaseLockReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        let message = Self()
        return message
    }
}

extension InspectLockRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.key = random.text()
        return message
    }
}

extension InspectLockReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.held = random.bool()
        message.fence = random.integer()
        message.ownerLabel = random.text()
        message.expiresInMilliseconds = random.integer()
        message.waiters = random.integer()
        return message
    }
}

extension HoldLockRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.key = random.text()
        message.token = random.text()
        message.ttlMilliseconds = random.integer()
        message.waitMilliseconds = random.integer()
        message.ownerLabel = random.text()
        return message
    }
}

extension HoldLockEvent: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        switch random.index(4) {
        case 0: message.event = .granted(LockGranted.random(&random))
        case 1: message.event = .renewed(LockRenewed.random(&random))
        case 2: message.event = .lost(LockLost.random(&random))
        default: message.event = nil
        }
        return message
    }
}

extension LockGranted: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.fence = random.integer()
        message.expiresInMilliseconds = random.integer()
        return message
    }
}

extension LockRenewed: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.expiresInMilliseconds = random.integer()
        return message
    }
}

extension LockLost: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.reason = LockLostReason(number: random.number(of: LockLostReason.known.map { $0.number }))
        return message
    }
}

extension ForceReleaseLockRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.key = random.text()
        message.fence = random.integer()
        return message
    }
}

extension ForceReleaseLockReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.ownerLabel = random.text()
        return message
    }
}

extension GetServerInfoRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        let message = Self()
        return message
    }
}

extension ServerInfo: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.version = random.text()
        message.services = random.list { random in random.text() }
        message.model = random.text()
        message.streamModel = random.text()
        message.store = random.text()
        message.frameBytesMax = random.integer()
        message.messageBytesMax = random.integer()
        message.historyMessagesMax = random.integer()
        message.sessionIdleSeconds = random.integer()
        message.startedUnixMicroseconds = random.integer()
        message.nowUnixMicroseconds = random.integer()
        message.draining = random.bool()
        message.authenticationRequired = random.bool()
        return message
    }
}

extension AuthenticateRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.token = random.text()
        return message
    }
}

extension AuthenticateReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.owner = random.text()
        message.expiresUnixMicroseconds = random.integer()
        return message
    }
}

extension Session: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.id = random.text()
        message.title = random.text()
        message.labels = random.list { random in Label.random(&random) }
        message.messageCount = random.integer()
        message.createdUnixMicroseconds = random.integer()
        message.updatedUnixMicroseconds = random.integer()
        message.expiresUnixMicroseconds = random.integer()
        message.owner = random.text()
        return message
    }
}

extension Label: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.key = random.text()
        message.value = random.text()
        return message
    }
}

extension ListSessionsRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.allOwners = random.bool()
        message.pageSize = random.integer()
        message.pageToken = random.text()
        return message
    }
}

extension ListSessionsReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.sessions = random.list { random in Session.random(&random) }
        message.nextPageToken = random.text()
        return message
    }
}

extension GetSessionRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.sessionID = random.text()
        return message
    }
}

extension UpdateSessionRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.sessionID = random.text()
        message.title = random.optional { random in random.text() }
        message.replaceLabels = random.bool()
        message.labels = random.list { random in Label.random(&random) }
        return message
    }
}

extension DeleteSessionRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.sessionID = random.text()
        return message
    }
}

extension DeleteSessionReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.existed = random.bool()
        return message
    }
}

extension ListMessagesRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.sessionID = random.text()
        message.pageSize = random.integer()
        message.pageToken = random.text()
        message.newestFirst = random.bool()
        return message
    }
}

extension ListMessagesReply: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.messages = random.list { random in ChatMessage.random(&random) }
        message.nextPageToken = random.text()
        return message
    }
}

extension ChatMessage: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.position = random.integer()
        message.role = MessageRole(number: random.number(of: MessageRole.known.map { $0.number }))
        message.text = random.text()
        message.turnID = random.text()
        message.createdUnixMicroseconds = random.integer()
        message.model = random.text()
        return message
    }
}

extension ProtoAny: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.typeURL = random.text()
        message.value = random.bytes()
        return message
    }
}

extension ProtoDuration: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.seconds = random.integer()
        message.nanos = random.integer()
        return message
    }
}

extension ErrorInfo: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.reason = random.text()
        message.domain = random.text()
        message.metadata = random.list { random in ErrorInfoMetadataEntry.random(&random) }
        return message
    }
}

extension ErrorInfoMetadataEntry: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.key = random.text()
        message.value = random.text()
        return message
    }
}

extension RetryInfo: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.retryDelay = random.optional { random in ProtoDuration.random(&random) }
        return message
    }
}

extension RPCStatus: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.code = random.integer()
        message.message = random.text()
        message.details = random.list { random in ProtoAny.random(&random) }
        return message
    }
}

extension HealthCheckRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.service = random.text()
        return message
    }
}

extension HealthCheckResponse: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.status = HealthCheckResponse.ServingStatus(number: random.number(of: HealthCheckResponse.ServingStatus.known.map { $0.number }))
        return message
    }
}

extension EnvelopeRequest: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.service = random.text()
        message.method = random.text()
        message.payload = random.bytes()
        message.timeoutNano = random.integer()
        message.metadata = random.list { random in EnvelopeKeyValue.random(&random) }
        return message
    }
}

extension EnvelopeResponse: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.status = random.optional { random in RPCStatus.random(&random) }
        message.payload = random.bytes()
        return message
    }
}

extension EnvelopeKeyValue: RandomMessage {
    static func random(_ random: inout RandomSource) -> Self {
        var message = Self()
        message.key = random.text()
        message.value = random.text()
        return message
    }
}

/// All messages, for tests that go through them.
let everyMessageType: [any RandomMessage.Type] = [
    ChatRequest.self,
    ChatReply.self,
    TokenUsage.self,
    ToolRun.self,
    TurnTiming.self,
    ChatEvent.self,
    TurnStarted.self,
    ToolStarted.self,
    Heartbeat.self,
    TurnFinished.self,
    CancelTurnRequest.self,
    CancelTurnReply.self,
    EchoRequest.self,
    EchoReply.self,
    AcquireLockRequest.self,
    AcquireLockReply.self,
    RenewLockRequest.self,
    RenewLockReply.self,
    ReleaseLockRequest.self,
    ReleaseLockReply.self,
    InspectLockRequest.self,
    InspectLockReply.self,
    HoldLockRequest.self,
    HoldLockEvent.self,
    LockGranted.self,
    LockRenewed.self,
    LockLost.self,
    ForceReleaseLockRequest.self,
    ForceReleaseLockReply.self,
    GetServerInfoRequest.self,
    ServerInfo.self,
    AuthenticateRequest.self,
    AuthenticateReply.self,
    Session.self,
    Label.self,
    ListSessionsRequest.self,
    ListSessionsReply.self,
    GetSessionRequest.self,
    UpdateSessionRequest.self,
    DeleteSessionRequest.self,
    DeleteSessionReply.self,
    ListMessagesRequest.self,
    ListMessagesReply.self,
    ChatMessage.self,
    ProtoAny.self,
    ProtoDuration.self,
    ErrorInfo.self,
    ErrorInfoMetadataEntry.self,
    RetryInfo.self,
    RPCStatus.self,
    HealthCheckRequest.self,
    HealthCheckResponse.self,
    EnvelopeRequest.self,
    EnvelopeResponse.self,
    EnvelopeKeyValue.self,
]
