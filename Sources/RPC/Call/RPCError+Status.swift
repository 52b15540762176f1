// An error as it travels: google.rpc.Status with ErrorInfo and RetryInfo in its details.

package import ProtoMessages
internal import Wire

extension RPCError {
    /// Longer messages are cut: a status must fit into any frame.
    private static let messageBytesMax = 4096

    /// The status that carries this error.
    package var status: RPCStatus {
        var text = message
        while text.utf8.count > Self.messageBytesMax { text.removeLast(max(1, text.count / 8)) }
        return RPCStatus(
            code: code.rawValue, message: text,
            details: StatusDetails(reason: reason, info: info, retryAfter: retryAfter))
    }

    /// The error that a status carries; codes that no version knows are UNKNOWN. Only for a status whose code is not
    /// OK.
    package init(_ status: RPCStatus) {
        let details = status.statusDetails
        let code = StatusCode(rawValue: status.code) ?? .unknown
        self.init(
            code == .ok ? .unknown : code, status.message, reason: details.reason, info: details.info,
            retryAfter: details.retryAfter)
    }
}
