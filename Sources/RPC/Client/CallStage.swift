// Where a call was when its wait ended, for the words of its error.

internal import IOLoop
internal import Wire

/// What a call waits for.
enum CallStage: Sendable {
    /// A place among the calls in flight.
    case queue
    case connect
    /// Room in the socket's queue.
    case write(SocketAddress)
    case answer(SocketAddress)

    /// The error for the caller; `RPCError`s pass unchanged.
    func error(_ error: any Error, timeout: Duration?) -> RPCError {
        switch error {
        case let error as RPCError: return error
        case is CancellationError: return RPCError(.cancelled, "the caller cancelled the call")
        case is DeadlineExceeded:
            let within = timeout.map { " within \($0)" } ?? ""
            return RPCError(.deadlineExceeded, "\(words)\(within)")
        default: preconditionFailure("a wait of the client ends with its own errors only")
        }
    }

    private var words: String {
        switch self {
        case .queue: "too many calls of this client were before this one; it was not sent"
        case .connect: "no connection could be made; the call was not sent"
        case .write(let address): "\(address) did not read; the call was not sent"
        case .answer(let address): "no answer from \(address)"
        }
    }
}
