// From the engine's failures to statuses: the one place where that happens. PROTOCOL.md has the same table for callers.

internal import ChatEngine
internal import RPC
internal import Wire

extension RPCError {
    /// The status of an error that the engine or a port threw; nil for others.
    init?(engine error: any Error) {
        switch error {
        case let error as EngineError: self.init(error)
        case let error as ModelError: self.init(EngineError.model(error))
        default: return nil
        }
    }

    private init(_ error: EngineError) {
        self.init(
            Self.code(of: error), error.message, reason: error.reason, info: error.details,
            retryAfter: error.retryAfter)
    }

    private static func code(of error: EngineError) -> StatusCode {
        // Of a turn's own lock nobody else knows: repeating the turn is all there is to do. A caller that lost its lock
        // must stop its work first.
        if error.kind == .lockLost, error.reason == "LOCK_LOST" { return .aborted }
        return code(of: error.kind)
    }

    private static func code(of kind: EngineError.Kind) -> StatusCode {
        switch kind {
        case .invalidArgument: .invalidArgument
        case .notFound: .notFound
        case .sessionBusy, .sessionDeleted, .lockNotAcquired: .aborted
        case .turnMismatch, .lockLost, .importConflict: .failedPrecondition
        case .outcomeUnknown, .unavailable: .unavailable
        case .resourceExhausted: .resourceExhausted
        case .cancelled: .cancelled
        case .deadlineExceeded, .toolOverran: .deadlineExceeded
        case .model(let kind): code(of: kind)
        case .internalError: .internalError
        }
    }

    private static func code(of kind: ModelError.Kind) -> StatusCode {
        switch kind {
        case .invalidRequest, .contentFiltered: .invalidArgument
        // The service's own key, so the caller cannot authenticate better: the operator must act.
        case .unauthorized: .failedPrecondition
        case .rateLimited: .resourceExhausted
        case .unavailable, .interrupted: .unavailable
        case .timedOut: .deadlineExceeded
        case .malformedResponse: .internalError
        }
    }
}
