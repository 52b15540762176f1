// The reasons (google.rpc.ErrorInfo) that the client gives or acts on.

/// Machine-readable reasons of errors.
package enum ErrorReason {
    /// From the server: it did not begin to work on the call, which is safe to repeat.
    package static let notProcessed = "NOT_PROCESSED"
    /// From the client: no connection could be made; the request was not sent.
    package static let notConnected = "NOT_CONNECTED"
    /// From the client: the connection ended after the request was sent; whether the server acted on it is not known.
    package static let connectionLost = "CONNECTION_LOST"
    /// From the client: it was closed.
    package static let clientClosed = "CLIENT_CLOSED"
    /// From the client: too many calls wait in line already; the request was not sent.
    package static let tooManyCalls = "TOO_MANY_CALLS"
    /// From the client: the stream's reader held up the other calls of the connection for too long.
    package static let slowReader = "SLOW_READER"
    /// From the client: the request or the reply is larger than the frame limit.
    package static let frameTooLarge = "FRAME_TOO_LARGE"
}
