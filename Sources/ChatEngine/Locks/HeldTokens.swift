// Which tokens are held by how many streams. A caller that lost its connection holds again with the same token while
// the server has not noticed the loss; the former stream's end must not release the lock under the new one.
//
// Only the other way round is left where the manager does not count claims: a hold that begins while the last one's
// release is under way may get the lease that is just released. It is told so as a loss (`released`) and holds again;
// nobody else holds the lock unawares.

internal import Synchronization

/// Counts the holds of each lock and token in this process. Used from every loop.
final class HeldTokens: Sendable {
    private struct Key: Hashable {
        var lock: LockKey
        var token: LockToken
    }

    private struct Holds {
        var count = 0
        /// The lease of the latest call among those that ended.
        var lease: LockLease?
    }

    private let holds = Mutex<[Key: Holds]>([:])

    init() {}

    func add(_ lock: LockKey, _ token: LockToken) {
        holds.withLock { $0[Key(lock: lock, token: token), default: Holds()].count += 1 }
    }

    /// A hold ended.
    ///
    /// - Parameter lease: what it held to its end; nil for nothing.
    /// - Returns: the lease to give back, where this was the last hold and there is one.
    func remove(_ lock: LockKey, _ token: LockToken, _ lease: LockLease?) -> LockLease? {
        holds.withLock { holds in
            let key = Key(lock: lock, token: token)
            var these = holds[key] ?? Holds(count: 1)
            these.count -= 1
            if let lease, these.lease.map({ $0.claim <= lease.claim }) ?? true { these.lease = lease }
            holds[key] = these.count == 0 ? nil : these
            return these.count == 0 ? these.lease : nil
        }
    }
}
