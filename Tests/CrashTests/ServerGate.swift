// Tells callers whether the server is up, so that they neither spin while it is down nor sleep too long.

import Synchronization

final class ServerGate: Sendable {
    private struct Waiter {
        /// Met when the server is up and was started at least so often.
        var starts: Int
        var continuation: CheckedContinuation<Void, Never>
    }
    private struct State {
        var starts = 0
        var isUp = false
        var isStopped = false
        var waiters: [Waiter] = []
    }
    private let state = Mutex(State())

    /// How often the server was started.
    var starts: Int { state.withLock { $0.starts } }
    /// True when callers finish what they have begun and ask no more.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    func open() {
        change { state in
            state.starts += 1
            state.isUp = true
        }
    }

    func close() { change { $0.isUp = false } }

    func stop() { change { $0.isStopped = true } }

    private func change(_ body: (inout State) -> Void) {
        let met = state.withLock { state in
            body(&state)
            let isMet = { (waiter: Waiter) in state.isStopped || state.isUp && state.starts >= waiter.starts }
            let met = state.waiters.filter(isMet)
            state.waiters.removeAll(where: isMet)
            return met
        }
        for waiter in met { waiter.continuation.resume() }
    }

    /// Returns when the server is up and was started `starts` times, or when callers are to stop: it is up for good
    /// then.
    func up(starts: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isMet = state.withLock { state in
                if state.isStopped || state.isUp && state.starts >= starts { return true }
                state.waiters.append(Waiter(starts: starts, continuation: continuation))
                return false
            }
            if isMet { continuation.resume() }
        }
    }
}
