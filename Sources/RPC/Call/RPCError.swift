// The outcome of a call that failed, as it travels: status code, message, and google.rpc.ErrorInfo and RetryInfo.

package import Wire

/// A failed call. Thrown by service methods on the server and by stubs on the client.
///
/// The message is read by the caller's operator: it says what to do, and holds neither secrets nor prompts.
package struct RPCError: Error, Sendable, Equatable {
    /// The outcome; never `.ok`.
    package var code: StatusCode
    package var message: String
    /// The machine-readable reason (`ErrorInfo.reason`), one of PROTOCOL.md's table; empty when the code says it all.
    package var reason: String
    /// More of `ErrorInfo`, such as the limit that was passed. Empty as a rule.
    package var info: [String: String]
    /// When it is worth trying again (`RetryInfo.retry_delay`); nil when unknown.
    package var retryAfter: Duration?

    package init(
        _ code: StatusCode, _ message: String, reason: String = "", info: [String: String] = [:],
        retryAfter: Duration? = nil
    ) {
        precondition(code != .ok, "an error cannot carry the code OK")
        self.code = code
        self.message = message
        self.reason = reason
        self.info = info
        self.retryAfter = retryAfter
    }
}
