// What one call of the lock service was asked and answered, and when, as its caller saw it.

/// A call on one key. Times are nanoseconds of one clock that all callers share.
package struct LockOperation: Sendable, Equatable {
    package enum Request: Sendable, Equatable {
        /// A holder is a token; histories name it by the owner label that goes with it, which others see.
        case acquire(holder: String)
        case renew(holder: String)
        case release(holder: String)
        case inspect
        case force(fence: UInt64)
    }

    /// What others are told of a lease. Nil where they are not told.
    package struct Seen: Sendable, Equatable {
        package var fence: UInt64?
        package var holder: String?

        package init(fence: UInt64? = nil, holder: String? = nil) {
            self.fence = fence
            self.holder = holder
        }
    }

    package enum Outcome: Sendable, Equatable {
        /// Acquired or renewed; `validity` is the time to live that the caller was told, in nanoseconds.
        case granted(fence: UInt64, validity: Int64)
        /// Not acquired, since somebody else holds it.
        case refused(Seen)
        /// Of renew, release and force: there is no such lease (any more).
        case lost
        /// Of release and force.
        case done
        /// Of a release that was sent again when its connection was lost: the last attempt may have found nothing.
        case doneOrLost
        /// Of inspect.
        case free
        case held(Seen)
        /// No answer: it took effect at any time after the call, or never.
        case unknown
    }

    package var key: String
    package var calledAt: Int64
    /// Nil without an answer.
    package var returnedAt: Int64?
    package var request: Request
    package var outcome: Outcome

    package init(key: String, calledAt: Int64, returnedAt: Int64?, request: Request, outcome: Outcome) {
        self.key = key
        self.calledAt = calledAt
        self.returnedAt = returnedAt
        self.request = request
        self.outcome = outcome
    }

    /// The answer, if there is one; an answer that says that nobody knows is none.
    var answeredAt: Int64? { outcome == .unknown ? nil : returnedAt }
}

extension LockOperation: CustomStringConvertible {
    package var description: String {
        let end = returnedAt.map { "\($0)" } ?? "..."
        return "[\(calledAt), \(end)] \(request) -> \(outcome)"
    }
}
