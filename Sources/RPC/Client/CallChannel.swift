// What generated client stubs call: a channel that carries packed messages. `RPCClient` is the one that users have.

/// How one call is made.
package struct CallOptions: Sendable {
    /// Covers connecting, queueing, writing and reading; nil for none.
    package var timeout: Duration?
    package var metadata = Metadata()
    /// True when the server answers a repeated request as it answered the first (turn id, lock token, or read only).
    package var isSafeToRetry = false

    package init(timeout: Duration? = nil, metadata: Metadata = Metadata(), isSafeToRetry: Bool = false) {
        self.timeout = timeout
        self.metadata = metadata
        self.isSafeToRetry = isSafeToRetry
    }
}

/// Carries calls to a server. Every method may be called from any task; cancelling that task cancels the call.
package protocol CallChannel: Sendable {
    /// Sends a packed request, returns the packed reply.
    func unary(_ method: MethodDescriptor, _ request: [UInt8], options: CallOptions) async throws(RPCError) -> [UInt8]

    /// Starts a server stream. It is cancelled when the returned stream is cancelled or released.
    func serverStream(
        _ method: MethodDescriptor, _ request: [UInt8], options: CallOptions
    ) async throws(RPCError) -> any InboundStream
}

/// A stream of packed messages from the server, read by one task at a time.
package protocol InboundStream: AnyObject, Sendable {
    /// The next message; nil at the end.
    func next() async throws(RPCError) -> [UInt8]?
    /// Tells the server to stop. Idempotent, from any thread.
    func cancel()
}
