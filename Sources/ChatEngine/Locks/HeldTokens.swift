// Which tokens are held by how many streams. A caller that lost its connection holds again with the same token while
// the server has not noticed the loss; the former stream's end must not release the lock under the new one.
//
// Only the other way round is left: a hold that begins while the last one's release is under way may get the lease that
// is just released. It is told so as a loss (`released`) and holds again; nobody else holds the lock unawares.

internal import Synchronization

/// Counts the holds of each lock and token in this process. Used from every loop.
final class HeldTokens: Sendable {
    private struct Key: Hashable {
        var lock: LockKey
        var token: LockToken
    }

    private let counts = Mutex<[Key: Int]>([:])

    init() {}

    func add(_ lock: LockKey, _ token: LockToken) {
        counts.withLock { $0[Key(lock: lock, token: token), default: 0] += 1 }
    }

    /// True when this was the last one.
    func remove(_ lock: LockKey, _ token: LockToken) -> Bool {
        counts.withLock { counts in
            let key = Key(lock: lock, token: token)
            let count = (counts[key] ?? 1) - 1
            counts[key] = count == 0 ? nil : count
            return count == 0
        }
    }
}
