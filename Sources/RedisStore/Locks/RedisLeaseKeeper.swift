// Keeps one lease: renews it on timers, listens for those who take it away, and tells its holder at once.

internal import ChatEngine
internal import Synchronization

final class RedisLeaseKeeper: LeaseKeeper {
    private struct State {
        /// Nobody is told anything any more.
        var isOver = false
        var timer: (any EngineTimer)?
        var lease: LockLease
        /// Since the lease was renewed last, Redis did not answer.
        var isUnanswered = false
    }

    private let manager: RedisLockManager
    private let onEvent: @Sendable (LeaseEvent) -> Void
    private let state: Mutex<State>

    init(manager: RedisLockManager, lease: LockLease, onEvent: @escaping @Sendable (LeaseEvent) -> Void) {
        self.manager = manager
        self.onEvent = onEvent
        self.state = Mutex(State(lease: lease))
    }

    private var lease: LockLease { state.withLock { $0.lease } }

    func start() {
        let lease = lease
        // Nobody forces the lock of a conversation.
        if lease.key.kind == .service {
            manager.subscriber.subscribe(channel, as: .keeper(ObjectIdentifier(self))) { [weak self] message in
                self?.heard(message)
            }
        }
        arm(at: Self.renewal(of: lease))
    }

    private var channel: String { manager.keys.lockChannel(lease.key) }

    /// When a third of the lease is over: two renewals may fail before it is lost.
    private static func renewal(of lease: LockLease) -> ContinuousClock.Instant {
        lease.validUntil - lease.timeToLive * 2 / 3
    }

    private func arm(at instant: ContinuousClock.Instant) {
        let timer = manager.clock.schedule(at: instant) { self.renew() }
        let isOver = state.withLock { state in
            if !state.isOver { state.timer = timer }
            return state.isOver
        }
        if isOver { timer.cancel() }
    }

    func stop() { _ = end() }

    /// False when it was over already.
    private func end() -> Bool {
        let (timer, isFirst) = state.withLock { state in
            defer {
                state.isOver = true
                state.timer = nil
            }
            return (state.timer, !state.isOver)
        }
        timer?.cancel()
        guard isFirst else { return false }
        if lease.key.kind == .service {
            manager.subscriber.unsubscribe(channel, as: .keeper(ObjectIdentifier(self)))
        }
        return true
    }

    private func lost(_ loss: LockLoss) {
        if end() { onEvent(.lost(loss)) }
    }

    /// `released FENCE` or `forced FENCE`; nil when messages may have been missed.
    private func heard(_ message: String?) {
        guard let message else { return renew() }
        let fence = String(lease.fence)
        if message == "forced \(fence)" { lost(.forced) }
        if message == "released \(fence)" { lost(.released) }
    }

    private func renew() {
        let (isOver, lease, isUnanswered) = state.withLock { ($0.isOver, $0.lease, $0.isUnanswered) }
        guard !isOver else { return }
        let start = manager.clock.now
        guard start < lease.validUntil else { return lost(isUnanswered ? .unreachable : .expired) }
        state.withLock { state in
            state.timer?.cancel()
            state.isUnanswered = true
        }
        // A lease ends by its time, answered or not.
        arm(at: lease.validUntil)
        let call = manager.renewal(lease.key, token: lease.token, timeToLive: lease.timeToLive)
        RedisLoops.on(manager.loops.here) { client in
            client.run(call) { outcome in
                switch outcome {
                case .success(let reply): self.answered(lease, reply.value, at: start)
                case .failure: self.failed(lease)
                }
            }
        }
    }

    private func answered(_ old: LockLease, _ reply: RedisValue, at start: ContinuousClock.Instant) {
        let renewed = manager.renewed(
            old.key, token: old.token, timeToLive: old.timeToLive, at: start, reply, claim: old.claim)
        guard let renewed, renewed.fence == old.fence else { return lost(.expired) }
        let isOver = state.withLock { state in
            state.timer?.cancel()
            state.lease = renewed
            state.isUnanswered = false
            return state.isOver
        }
        if isOver { return }
        onEvent(.renewed(renewed))
        arm(at: Self.renewal(of: renewed))
    }

    /// Tries again until the lease ends.
    private func failed(_ former: LockLease) {
        let now = manager.clock.now
        // Another renewal may have been answered meanwhile.
        let lease = lease
        guard lease.validUntil == former.validUntil else { return }
        guard now < lease.validUntil else { return lost(.unreachable) }
        state.withLock { $0.timer?.cancel() }
        arm(at: min(now + lease.timeToLive / 6, lease.validUntil))
    }
}
