// Every failure that the engine, its stores, locks and tools report. Thrown on the caller's actor; the service layer
// converts it to a status in one place.

/// A typed failure: what kind, which machine-readable reason, and a message that says what to do.
///
/// Messages name limits and ids of the caller's own, and never hold keys, prompts or message text.
public struct EngineError: Error, Sendable, Equatable {
    /// What went wrong, at the grain that decides the status code.
    public enum Kind: Sendable, Hashable {
        /// The request breaks a rule; the same request will always fail.
        case invalidArgument
        /// No such session, lock or turn for this owner.
        case notFound
        /// Another turn of the session runs, and the caller chose not to wait, or waited long enough.
        case sessionBusy
        /// The turn id was used for a different request.
        case turnMismatch
        /// Imported messages do not continue the session; nothing was stored.
        case importConflict
        /// Somebody else holds the lock. The caller holds nothing.
        case lockNotAcquired
        /// The caller held the lock and does so no more.
        case lockLost
        /// An operation was sent and not answered: it may have happened. A retry with the same id settles it.
        case outcomeUnknown
        /// The session was deleted or expired while the turn ran; nothing was stored.
        case sessionDeleted
        /// A named limit was reached.
        case resourceExhausted
        /// Somebody cancelled; nothing was stored.
        case cancelled
        /// The deadline or the turn's time limit passed; nothing was stored.
        case deadlineExceeded
        /// The model failed; nothing was stored.
        case model(ModelError.Kind)
        /// A tool kept the turn past its time limit; nothing was stored.
        case toolOverran
        /// The store or the lock service cannot be reached; nothing happened.
        case unavailable
        /// A defect of this program.
        case internalError
    }

    /// Decides the status code.
    public var kind: Kind
    /// What programs compare, in upper case with underscores, such as `SESSION_BUSY`.
    public var reason: String
    /// What people read: what happened and what to do.
    public var message: String
    /// More for programs, such as the limit's name and value. Empty as a rule.
    public var details: [String: String]
    /// When it is worth trying again; nil when unknown.
    public var retryAfter: Duration?

    /// A failure. `reason` and `message` follow the rules of the type.
    public init(
        _ kind: Kind, reason: String, _ message: String, details: [String: String] = [:],
        retryAfter: Duration? = nil
    ) {
        self.kind = kind
        self.reason = reason
        self.message = message
        self.details = details
        self.retryAfter = retryAfter
    }
}

extension EngineError {
    /// A request that breaks a rule. `reason` names the field, `message` the rule.
    public static func invalidArgument(_ reason: String, _ message: String) -> EngineError {
        EngineError(.invalidArgument, reason: reason, message)
    }

    /// A limit that was reached. The limit's name and value travel as details.
    public static func limitReached(_ name: String, _ value: Int, _ message: String) -> EngineError {
        EngineError(
            .resourceExhausted, reason: "LIMIT_REACHED", message, details: ["limit": name, "value": String(value)])
    }

    /// No such session for this owner.
    public static func sessionNotFound(_ id: String) -> EngineError {
        EngineError(
            .notFound, reason: "SESSION_NOT_FOUND",
            "no session \(id): it was never used, was deleted, or expired; list the sessions to see what is there")
    }

    /// A page token that this store did not make, or that is of no use any more.
    public static func badPageToken() -> EngineError {
        .invalidArgument(
            "PAGE_TOKEN", "the page token is not one that this list returned; start again without a token")
    }

    /// An operation that was sent and whose answer never came. Thrown by stores and lock managers only.
    public static func outcomeUnknown(_ what: String) -> EngineError {
        EngineError(
            .outcomeUnknown, reason: "OUTCOME_UNKNOWN",
            "\(what) was sent and not answered, so it may have happened; repeat the call with its turn id or lock "
                + "token to settle it"
        )
    }

    /// A lease that ended before its holder released it.
    public static func lockLost(_ name: String, _ loss: LockLoss) -> EngineError {
        EngineError(
            .lockLost, reason: "LOST",
            "the lock \(name) is not held any more (\(loss.rawValue)); stop the work it protected and acquire it again")
    }

    /// The failure of a model in the engine's terms.
    public static func model(_ error: ModelError) -> EngineError {
        let reason =
            switch error.kind {
            case .invalidRequest: "MODEL_INVALID_REQUEST"
            case .unauthorized: "MODEL_UNAUTHORIZED"
            case .rateLimited: "MODEL_RATE_LIMITED"
            case .unavailable: "MODEL_UNAVAILABLE"
            case .interrupted: "MODEL_INTERRUPTED"
            case .timedOut: "MODEL_TIMED_OUT"
            case .contentFiltered: "MODEL_CONTENT_FILTERED"
            case .malformedResponse: "MODEL_MALFORMED_RESPONSE"
            }
        return EngineError(
            .model(error.kind), reason: reason, "the model failed and the turn was not stored: \(error.message)",
            retryAfter: error.retryAfter)
    }
}
