// The exit codes: one table, from which the help text is made and which scripts may rely on.

internal import ChatClient

/// How a run ended, for scripts. Numbers from 64 to 78 are those of sysexits.h where they fit.
///
/// Besides these: `lock run` ends with its command's own code, or 128 plus the number of the signal that ended the
/// command.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    case failed = 1
    case usage = 64
    case invalidValue = 65
    case notFound = 66
    case unavailable = 69
    case internalFault = 70
    case tryLater = 75
    case notAllowed = 77
    case lockLost = 80
    case notExecutable = 126
    case noSuchCommand = 127
    case interrupted = 130
    case terminated = 143

    /// For the table.
    var meaning: String {
        switch self {
        case .success: "done"
        case .failed: "the server could not do it, for a reason without a code of its own"
        case .usage: "the command line cannot be understood"
        case .invalidValue: "the server refuses a value; the message names the limit"
        case .notFound: "there is no such session"
        case .unavailable: "no server answers in time, or its model or store does not"
        case .internalFault: "the server or chatctl has a fault, or an answer was not whole"
        case .tryLater: "someone else holds the lock or session, or a limit is reached"
        case .notAllowed: "not allowed, or not authenticated"
        case .lockLost: "the lock was lost, and what ran under it may not have been alone"
        case .notExecutable: "lock run: the command cannot be executed"
        case .noSuchCommand: "lock run: there is no such command"
        case .interrupted: "stopped by Ctrl-C (SIGINT)"
        case .terminated: "stopped by SIGTERM"
        }
    }

    /// The lines of `--help`.
    static var table: String {
        let lines = allCases.map { status in
            let number = String(status.rawValue)
            return "  \(String(repeating: " ", count: 3 - number.count))\(number)  \(status.meaning)"
        }
        return (lines + ["  lock run ends with its command's own code, or 128 + N where signal N ended it."])
            .joined(separator: "\n")
    }

    /// The code for a call that failed.
    init(_ error: ChatClientError) {
        switch error.reason {
        case ChatClientError.Reason.notAcquired, ChatClientError.Reason.sessionBusy: self = .tryLater
        case ChatClientError.Reason.lost: self = .lockLost
        case ChatClientError.Reason.badAddress: self = .usage
        default: self = Self.of(error.code)
        }
    }

    private static func of(_ code: ChatClientError.Code) -> ExitStatus {
        switch code {
        case .invalidArgument, .outOfRange: .invalidValue
        case .notFound: .notFound
        case .unavailable, .deadlineExceeded: .unavailable
        case .resourceExhausted: .tryLater
        case .permissionDenied, .unauthenticated: .notAllowed
        case .internalError, .dataLoss, .unknown: .internalFault
        case .cancelled, .alreadyExists, .failedPrecondition, .aborted, .unimplemented: .failed
        }
    }
}
