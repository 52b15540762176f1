// The port to a place where callers' locks outlive the process. Decisions are made in memory; what was decided is
// written down before anybody is told.

/// A held lock as it is written down.
package struct LeaseRecord: Sendable, Equatable {
    package var key: LockKey
    package var token: LockToken
    package var fence: UInt64
    package var ownerLabel: String
    /// Microseconds since 1970.
    package var acquiredAtMicroseconds: Int64
    package var timeToLive: Duration
    /// When it ends unless it is renewed, in microseconds since 1970: no other clock outlives a process.
    package var expiresAtMicroseconds: Int64

    package init(
        key: LockKey, token: LockToken, fence: UInt64, ownerLabel: String, acquiredAtMicroseconds: Int64,
        timeToLive: Duration, expiresAtMicroseconds: Int64
    ) {
        self.key = key
        self.token = token
        self.fence = fence
        self.ownerLabel = ownerLabel
        self.acquiredAtMicroseconds = acquiredAtMicroseconds
        self.timeToLive = timeToLive
        self.expiresAtMicroseconds = expiresAtMicroseconds
    }
}

/// What became of a lock.
package enum LeaseChange: Sendable, Equatable {
    /// It is held, or held for longer.
    case held(LeaseRecord)
    /// It was given back.
    case free(LockKey)

    package var key: LockKey {
        switch self {
        case .held(let lease): lease.key
        case .free(let key): key
        }
    }
}

/// Writes leases down.
package protocol LeaseJournal: Sendable {
    /// Writes the changes in one operation, after all that came before: the last change of a key is found later.
    ///
    /// Called with a mutex held, so it only takes note and returns. `done` is called once, on another thread or later,
    /// within the journal's own time limit: with nil when the changes are durable, else with an error of kind
    /// `unavailable` (certainly not written) or `outcomeUnknown`.
    func write(_ changes: [LeaseChange], done: @escaping @Sendable (EngineError?) -> Void)
}
