// Where finished calls are told: one log line and two metrics a call, decided by the service and not by the RPC layer.

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

/// Hears of every finished call, on the call's loop; it must not block.
package protocol CallObserver: Sendable {
    func finished(_ call: CallRecord)
}
