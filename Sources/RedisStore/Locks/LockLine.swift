// Those of this process who wait for one lock, in the order of their arrival. Only the first of them asks Redis: one
// contender per process and lock, however long the line. Pure.

internal import ChatEngine
internal import DequeModule

/// A line, and what its contender does.
struct LockLine {
    struct Waiter {
        var id: UInt64
        var request: LockRequest
        var continuation: CheckedContinuation<LockLease, any Error>
        var timer: (any EngineTimer)?
    }

    var waiters: Deque<Waiter> = []
    /// The first one's attempt is under way.
    var isTrying = false
    /// Something happened to the lock meanwhile, so a refusal may be old.
    var mustTryAgain = false
    /// Wakes the first one when the holder's lease ends, for nothing else tells of that.
    var retry: (any EngineTimer)?

    /// Takes the waiter out. Nil where it is not here any more.
    mutating func remove(_ id: UInt64) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index)
    }

    /// Takes all out that wait with this token: a caller that lost its connection and called again stands here twice.
    mutating func removeAll(with token: LockToken) -> [Waiter] {
        let found = Array(waiters.filter { $0.request.token == token })
        if !found.isEmpty { waiters.removeAll { $0.request.token == token } }
        return found
    }
}
