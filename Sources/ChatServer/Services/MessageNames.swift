// The API's messages whose names the engine has too. A file that needs both says which one it means.

internal import ProtoMessages

typealias SessionMessage = Session
typealias MessageRoleMessage = MessageRole
typealias FinishReasonMessage = FinishReason
typealias TokenUsageMessage = TokenUsage
typealias ToolRunMessage = ToolRun
typealias TurnTimingMessage = TurnTiming
typealias TurnStartedMessage = TurnStarted
typealias DurabilityMessage = Durability
typealias CancelOutcomeMessage = CancelOutcome
