// The engine's types whose names the API's messages have too. A file that needs both says which one it means.

internal import ChatEngine

typealias EngineSession = Session
typealias EngineMessageRole = MessageRole
typealias EngineFinishReason = FinishReason
typealias EngineTokenUsage = TokenUsage
typealias EngineToolRun = ToolRun
typealias EngineTurnTiming = TurnTiming
typealias EngineTurnStarted = TurnStarted
typealias EngineDurability = Durability
typealias EngineCancelOutcome = CancelOutcome
