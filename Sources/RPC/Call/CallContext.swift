// What every call carries from its frame to the deepest helper: security, quotas and telemetry are added here without
// touching a signature.

package import Logging

/// Who calls. Every store call takes the owner, so one caller never sees another's sessions.
package struct Identity: Sendable, Hashable {
    package let owner: String

    package init(owner: String) { self.owner = owner }

    /// The owner of callers that did not authenticate.
    package static let anonymous = Identity(owner: "")
}

/// The circumstances of one call. Made by the connection, immutable, shared freely.
package final class CallContext: Sendable {
    package let method: MethodDescriptor
    /// The method's place in `Router.methods`.
    package let methodIndex: Int
    package let identity: Identity
    /// The caller's address, for logs.
    package let peer: String
    package let metadata: Metadata
    /// When the request's frame was complete.
    package let receivedAt: ContinuousClock.Instant
    /// When the call ends with DEADLINE_EXCEEDED whatever it does; nil without a deadline.
    package let deadline: ContinuousClock.Instant?
    private let baseLogger: Logger
    private let canceller: (any CallCanceller)?

    package init(
        method: MethodDescriptor, methodIndex: Int = 0, identity: Identity, peer: String, metadata: Metadata,
        receivedAt: ContinuousClock.Instant, deadline: ContinuousClock.Instant?, logger: Logger,
        canceller: (any CallCanceller)? = nil
    ) {
        self.method = method
        self.methodIndex = methodIndex
        self.identity = identity
        self.peer = peer
        self.metadata = metadata
        self.receivedAt = receivedAt
        self.deadline = deadline
        self.baseLogger = logger
        self.canceller = canceller
    }

    /// The W3C `traceparent` that came with the call, if any.
    package var traceParent: String? { metadata["traceparent"] }

    /// A logger that names the method, the peer and the trace. Made when asked for: most calls log once.
    package var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "method"] = "\(method.name)"
        logger[metadataKey: "peer"] = "\(peer)"
        if let traceParent { logger[metadataKey: "traceparent"] = "\(traceParent)" }
        return logger
    }

    /// Cancels the call's own task, for a service that ends a call from elsewhere. The method decides what it answers.
    /// From any thread; without effect once the call has ended.
    package func cancelTask() { canceller?.cancelTask(of: self) }
}

/// Who can cancel the task of a call: its connection.
package protocol CallCanceller: AnyObject, Sendable {
    /// From any thread; without effect once the call has its answer.
    func cancelTask(of context: CallContext)
}
