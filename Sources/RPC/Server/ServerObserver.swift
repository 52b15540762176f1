// Where a server tells what happens to it: log lines and metrics are decided by the service, not by the RPC layer.

package import Wire

/// What happened to a call.
package struct CallRecord: Sendable {
    package let context: CallContext
    /// The answer's code; `.ok` for a reply or a stream that ended well.
    package let code: StatusCode
    package let reason: String
    /// From the request's frame to the answer.
    package let duration: Duration
}

/// Hears of a server's connections and calls, on their loops; it must not block.
package protocol ServerObserver: AnyObject, Sendable {
    func connectionAccepted()
    /// A connection that was closed at once, since the limit is reached.
    func connectionRefused()
    /// - Parameters:
    ///   - receivedBytes: all that came, frames or not.
    ///   - sentBytes: all that the socket took.
    func connectionClosed(receivedBytes: Int, sentBytes: Int)
    func callBegan(_ context: CallContext)
    /// Once for every call that began.
    func callFinished(_ call: CallRecord)
    /// A request that was answered without being begun: an unknown method, a bad message, a limit, a server that
    /// drains.
    func callRefused(_ error: RPCError, peer: String)
}
