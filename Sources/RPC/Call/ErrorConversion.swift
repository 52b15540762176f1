// From what a method threw to the answer's error. Details of unknown errors stay in the log: they may hold callers'
// data.

internal import Logging
internal import ProtoMessages
internal import Wire

extension RPCError {
    /// Converts any error; `convert` knows the service's own.
    init(thrown error: any Error, convert: (any Error) -> RPCError?, logger: Logger) {
        switch error {
        case let error as RPCError: self = error
        case let error as ProtoError: self = RPCError(error)
        case is CancellationError: self = RPCError(.cancelled, "the call was cancelled")
        default:
            if let known = convert(error) {
                self = known
            } else {
                // The type's name alone: a description may hold what the caller sent.
                logger.error("a method threw an unknown error", metadata: ["type": "\(type(of: error))"])
                self = RPCError(.internalError, "the server failed; its log has more")
            }
        }
    }

    private init(_ error: ProtoError) {
        switch error {
        case .malformed(let message):
            self = RPCError(
                .invalidArgument, "the bytes are not a \(message); check that caller and server use the same proto",
                reason: "BAD_MESSAGE")
        case .invalidUTF8(let field):
            self = RPCError(.invalidArgument, "the text in \(field) is not UTF-8", reason: "BAD_MESSAGE")
        case .overBudget(let message):
            self = RPCError(
                .resourceExhausted,
                "unpacking this \(message) needs more than eight times its size; send fewer, larger fields",
                reason: "MESSAGE_TOO_COSTLY")
        }
    }
}
