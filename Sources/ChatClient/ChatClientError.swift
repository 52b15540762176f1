// The one error type of this library.

internal import RPC
internal import Wire

/// A call that failed: what happened, in words and for programs, and whether to try again.
public struct ChatClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The outcome, with gRPC's names.
    public enum Code: String, Sendable, CaseIterable {
        case cancelled = "CANCELLED"
        case unknown = "UNKNOWN"
        case invalidArgument = "INVALID_ARGUMENT"
        case deadlineExceeded = "DEADLINE_EXCEEDED"
        case notFound = "NOT_FOUND"
        case alreadyExists = "ALREADY_EXISTS"
        case permissionDenied = "PERMISSION_DENIED"
        case resourceExhausted = "RESOURCE_EXHAUSTED"
        case failedPrecondition = "FAILED_PRECONDITION"
        case aborted = "ABORTED"
        case outOfRange = "OUT_OF_RANGE"
        case unimplemented = "UNIMPLEMENTED"
        case internalError = "INTERNAL"
        case unavailable = "UNAVAILABLE"
        case dataLoss = "DATA_LOSS"
        case unauthenticated = "UNAUTHENTICATED"
    }

    /// Reasons that this library gives or knows. Servers may give others.
    public enum Reason {
        /// Someone else holds the lock.
        public static let notAcquired = "NOT_ACQUIRED"
        /// The lease ended or was taken away.
        public static let lost = "LOST"
        /// Another turn holds the session.
        public static let sessionBusy = "SESSION_BUSY"
        /// The session was deleted while the turn ran.
        public static let sessionDeleted = "SESSION_DELETED"
        /// The turn id was used with another request.
        public static let turnMismatch = "TURN_MISMATCH"
        /// The turn may be stored; the same call again, with the same turn id, settles it.
        public static let outcomeUnknown = "OUTCOME_UNKNOWN"
        /// Other messages stand where imported ones should go.
        public static let importConflict = "IMPORT_CONFLICT"
        /// The server's store is no file, so there is no backup of it.
        public static let storeHasNoFile = "STORE_HAS_NO_FILE"
        /// Another backup runs.
        public static let backupRunning = "BACKUP_RUNNING"
        /// A piece of a streamed answer or of a backup is missing.
        public static let eventsLost = "EVENTS_LOST"
        /// No server could be reached; nothing was sent.
        public static let notConnected = ErrorReason.notConnected
        /// The connection ended before the answer came.
        public static let connectionLost = ErrorReason.connectionLost
        /// The client was closed.
        public static let clientClosed = ErrorReason.clientClosed
        /// An address that cannot be read.
        public static let badAddress = "BAD_ADDRESS"
    }

    /// The outcome.
    public var code: Code
    /// What exactly, for programs: one of ``Reason`` or another name in upper case; empty when the code says it all.
    public var reason: String
    /// What went wrong and what to do, for people. Holds neither secrets nor conversation.
    public var message: String
    /// Numbers and names that belong to the reason, such as the limit that was passed.
    public var info: [String: String]
    /// When it is worth trying again; nil when not known.
    public var retryAfter: Duration?

    /// An error of a caller's own, for example in a test.
    public init(
        _ code: Code, _ message: String, reason: String = "", info: [String: String] = [:], retryAfter: Duration? = nil
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.info = info
        self.retryAfter = retryAfter
    }

    init(_ error: RPCError) {
        self.init(
            Code(rawValue: error.code.name) ?? .unknown, error.message, reason: error.reason, info: error.info,
            retryAfter: error.retryAfter)
    }

    /// True when the same call may succeed later. This library has tried again already where that was safe.
    public var retryable: Bool {
        switch code {
        case .unavailable, .deadlineExceeded: true
        case .resourceExhausted: retryAfter != nil
        case .aborted: reason == Reason.sessionBusy || reason == Reason.notAcquired
        case .dataLoss: reason == Reason.eventsLost
        default: false
        }
    }

    /// True when someone else holds the lock.
    public var isNotAcquired: Bool { reason == Reason.notAcquired }

    /// True when a lock was held and is not any more.
    public var isLost: Bool { reason == Reason.lost }

    /// `CODE (REASON): message`.
    public var description: String {
        reason.isEmpty ? "\(code.rawValue): \(message)" : "\(code.rawValue) (\(reason)): \(message)"
    }
}

/// Runs a call and converts its error.
func converting<R>(_ call: () async throws(RPCError) -> R) async throws(ChatClientError) -> R {
    do throws(RPCError) {
        return try await call()
    } catch {
        throw ChatClientError(error)
    }
}
