// How a command fails, and what that means for the engine's callers.

internal import ChatEngine

/// Why there is no answer to a command, or not the one that was wanted.
package enum RedisFailure: Error, Sendable, Equatable {
    /// It was certainly not executed: there is no connection, or Redis refused it for a reason that will pass.
    case unavailable(String)
    /// It was sent, and no answer came.
    case unanswered
    /// The pipeline is full.
    case overloaded
    /// Redis has no memory left for writes.
    case outOfMemory
    /// Redis answered with an error that no waiting helps: a defect of ours, a wrong permission, somebody else's key.
    /// The first word of its answer; the others may hold keys.
    case refused(String)
}

extension RedisFailure {
    /// - Parameter what: names the operation, such as "the turn"; nil for one that changes nothing, which a caller may
    ///   repeat as it likes.
    func engineError(_ what: String?) -> EngineError {
        switch self {
        case .unavailable(let words):
            EngineError(
                .unavailable, reason: "STORE_UNAVAILABLE",
                "the store cannot be used now (\(words)); nothing was done, try again", retryAfter: .milliseconds(200))
        case .unanswered:
            what.map { EngineError.outcomeUnknown($0) }
                ?? EngineError(
                    .unavailable, reason: "STORE_UNAVAILABLE",
                    "the store did not answer in time; nothing was changed, try again")
        case .overloaded:
            .limitReached(
                "pipelineCommandsMax", RedisLimits.pipelineCommandsMax,
                "too much waits for the store already, the limit pipelineCommandsMax of an event loop; try again "
                    + "later")
        case .outOfMemory:
            EngineError(
                .resourceExhausted, reason: "STORE_FULL",
                "the store has no memory left, so nothing was stored; its operator must give it more, or delete some"
            )
        case .refused(let code):
            EngineError(
                .internalError, reason: "STORE_REFUSED",
                "the store refused what this version asked of it (\(code)); its operator finds more in the log")
        }
    }
}

/// What an error reply means for the command and for the connection.
enum ErrorReplyMeaning: Equatable {
    /// The script is not in the server's cache: it was not run, and is sent whole.
    case scriptMissing
    /// This server cannot serve us: it loads its data, is a replica, or lost its master. Nothing was executed. Another
    /// connection may lead to one that can.
    case wrongServer(String)
    /// Nothing was executed, and the same connection may work in a moment.
    case later(String)
    case outOfMemory
    case refused(String)

    /// - Parameter words: the reply without its dash, such as `LOADING Redis is loading the dataset in memory`.
    init(_ words: String) {
        let code = String(words.prefix { $0 != " " }.prefix(24))
        if words.hasPrefix("ERR max number of clients") {
            self = .wrongServer("Redis has too many clients, see maxclients")
            return
        }
        switch code {
        case "NOSCRIPT": self = .scriptMissing
        case "LOADING": self = .wrongServer("Redis loads its data")
        case "READONLY": self = .wrongServer("this Redis is a replica")
        case "MASTERDOWN": self = .wrongServer("this Redis is a replica without its master")
        case "CLUSTERDOWN": self = .later("the cluster is down")
        case "TRYAGAIN": self = .later("the cluster moves its slots")
        case "MOVED", "ASK": self = .refused("this Redis is a cluster, which this version does not speak to")
        case "NOREPLICAS": self = .later("too few replicas, see min-replicas-to-write")
        case "MISCONF": self = .later("Redis cannot save to its disk")
        case "BUSY": self = .later("Redis runs somebody's slow script")
        case "OOM": self = .outOfMemory
        default:
            // Errors inside scripts are told with the script's own line, and their code may stand further back.
            self = Self.inScript(words) ?? .refused(code)
        }
    }

    private static func inScript(_ words: String) -> ErrorReplyMeaning? {
        guard words.contains("script") else { return nil }
        if words.contains("-READONLY") || words.contains("READONLY You can't write") {
            return .wrongServer("this Redis is a replica")
        }
        if words.contains("-OOM ") || words.contains("OOM command not allowed") { return .outOfMemory }
        if words.contains("NOREPLICAS") { return .later("too few replicas, see min-replicas-to-write") }
        if words.contains("MISCONF") { return .later("Redis cannot save to its disk") }
        return nil
    }
}
