// The wire's enums as words, for people and for JSON. The words are stable.

internal import ChatClient

extension FinishReason {
    var word: String {
        switch self {
        case .unspecified: "unknown"
        case .stop: "stop"
        case .length: "length"
        case .toolCalls: "tool_calls"
        case .contentFilter: "content_filter"
        case .other: "other"
        case .unrecognized(let number): "unrecognized_\(number)"
        }
    }
}

extension Durability {
    var word: String {
        switch self {
        case .unspecified: "unknown"
        case .memory: "memory"
        case .disk: "disk"
        case .replica: "replica"
        case .unrecognized(let number): "unrecognized_\(number)"
        }
    }
}

extension ToolOutcome {
    var word: String {
        switch self {
        case .unspecified: "unknown"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .timedOut: "timed_out"
        case .unrecognized(let number): "unrecognized_\(number)"
        }
    }
}

extension CancelOutcome {
    var word: String {
        switch self {
        case .unspecified: "unknown"
        case .cancelled: "cancelled"
        case .tooLate: "too_late"
        case .notRunning: "not_running"
        case .unrecognized(let number): "unrecognized_\(number)"
        }
    }
}

extension MessageRole {
    var word: String {
        switch self {
        case .unspecified: "unknown"
        case .system: "system"
        case .user: "user"
        case .assistant: "assistant"
        case .tool: "tool"
        case .unrecognized(let number): "unrecognized_\(number)"
        }
    }
}

extension HealthCheckResponse.ServingStatus {
    var word: String {
        switch self {
        case .unknown: "unknown"
        case .serving: "serving"
        case .notServing: "not_serving"
        case .serviceUnknown: "service_unknown"
        case .unrecognized(let number): "unrecognized_\(number)"
        }
    }
}

extension LockLostReason {
    var word: String {
        switch self {
        case .unspecified: "unknown"
        case .expired: "expired"
        case .forced: "forced"
        case .released: "released"
        case .draining: "draining"
        case .unreachable: "unreachable"
        case .unrecognized(let number): "unrecognized_\(number)"
        }
    }
}
