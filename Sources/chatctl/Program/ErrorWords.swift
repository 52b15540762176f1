// Failed calls in words: what happened, and what to do where the message does not say it; most of the server's do.

internal import ChatClient

enum ErrorWords {
    /// One sentence for people, without the program's name.
    static func of(_ error: ChatClientError) -> String {
        let message = error.message.isEmpty ? error.code.rawValue : error.message
        guard let advice = advice(error) else { return message }
        return "\(message); \(advice)"
    }

    private static func advice(_ error: ChatClientError) -> String? {
        typealias Reason = ChatClientError.Reason
        switch error.reason {
        case Reason.notConnected:
            return "start chatd there, or name another server with --server or \(ConnectionOptions.serverVariable)"
        case Reason.connectionLost: return "nothing is known of the call's outcome; try again"
        case Reason.outcomeUnknown: return "the same command with the same --turn settles it"
        default: break
        }
        switch error.code {
        case .deadlineExceeded: return "give it more time with --timeout"
        case .resourceExhausted: return error.retryAfter.map { "try again in \($0)" }
        default: return nil
        }
    }
}
