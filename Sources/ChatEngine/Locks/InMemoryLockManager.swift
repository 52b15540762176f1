// Locks of one process. Used by the in-memory and the SQLite store, from every loop: the state is behind one mutex, and
// continuations, observers and timers are told outside it.

internal import Synchronization

/// The lock manager for a service of one process. See `LockManager` for the contract.
public final class InMemoryLockManager: LockManager {
    private struct Wait {
        var continuation: CheckedContinuation<LockLease, any Error>
        var timer: (any EngineTimer)?
    }

    private struct State {
        var table: LockTable
        var waits: [UInt64: Wait] = [:]
        var observers: [UInt64: @Sendable (LeaseEvent) -> Void] = [:]
        var lastID: UInt64 = 0

        mutating func makeID() -> UInt64 {
            lastID += 1
            return lastID
        }
    }

    /// An effect with those whom it concerns, taken out of the state under the mutex, told outside it.
    private enum Delivery {
        case resume(Wait, Result<LockLease, EngineError>)
        case lost([@Sendable (LeaseEvent) -> Void], LockLoss)
        case wake(LockKey, at: ContinuousClock.Instant)
    }

    private let clock: any EngineClock
    private let state: Mutex<State>

    /// A manager without locks. The clock's timers end waits and wake the next in line when a holder's lease expires.
    public init(clock: any EngineClock, limits: InMemoryLockLimits = InMemoryLockLimits()) {
        self.clock = clock
        self.state = Mutex(State(table: LockTable(limits: limits)))
    }

    // MARK: LockManager

    public func acquire(_ request: LockRequest) async throws -> LockLease {
        try Task.checkCancellation()
        let (id, acquisition) = update { state, time, effects in
            let id = state.makeID()
            var immediate = request
            immediate.waitDeadline = nil
            let result = state.table.acquire(immediate, waiter: id, at: time, effects: &effects)
            return (id, result)
        }
        switch acquisition {
        case .granted(let lease): return lease
        case .refused(let error):
            guard error.kind == .lockNotAcquired, request.waitDeadline != nil else { throw error }
            return try await wait(request, waiter: id)
        case .queued: preconditionFailure("a request without a wait deadline cannot stand in line")
        }
    }

    public func renew(_ key: LockKey, token: LockToken, timeToLive: Duration) async throws -> LockLease {
        guard let lease = renewNow(key, token: token, timeToLive: timeToLive) else {
            throw EngineError.lockLost(key.name, .expired)
        }
        return lease
    }

    @discardableResult
    public func release(_ key: LockKey, token: LockToken) async throws -> Bool {
        update { state, time, effects in state.table.release(key, token: token, at: time, effects: &effects) }
    }

    public func inspect(_ key: LockKey) async throws -> LockStatus? {
        update { state, time, effects in state.table.inspect(key, at: time, effects: &effects) }
    }

    public func forceRelease(_ key: LockKey, fence: UInt64) async throws -> LockStatus? {
        update { state, time, effects in state.table.forceRelease(key, fence: fence, at: time, effects: &effects) }
    }

    public func keepAlive(
        _ lease: LockLease, onEvent: @escaping @Sendable (LeaseEvent) -> Void
    ) -> any LeaseKeeper {
        let observer: UInt64? = update { state, time, effects in
            let id = state.makeID()
            guard
                state.table.observe(lease.key, token: lease.token, observer: id, at: time, effects: &effects)
            else { return nil }
            state.observers[id] = onEvent
            return id
        }
        guard let observer else {
            clock.schedule(at: clock.now) { onEvent(.lost(.expired)) }
            return InMemoryLeaseKeeper(manager: self, lease: lease, observer: 0, clock: clock, onEvent: onEvent)
        }
        let keeper = InMemoryLeaseKeeper(
            manager: self, lease: lease, observer: observer, clock: clock, onEvent: onEvent)
        keeper.start()
        return keeper
    }

    // MARK: For stores in the same process

    /// True while the token holds the lock. A store that checks this inside its own critical section or on its own
    /// queue orders its writes: the next holder reads after them.
    public func holds(_ key: LockKey, token: LockToken) -> Bool {
        state.withLock { $0.table.holds(key, token: token, at: clock.now) }
    }

    /// How many locks are held or waited for, expired ones that nobody asked about included.
    public var count: Int { state.withLock { $0.table.count } }

    // MARK: Waiting

    private func wait(_ request: LockRequest, waiter: UInt64) async throws -> LockLease {
        // Cancelled at the moment of the grant, it returns the lease: the same token may stand in line twice, since a
        // caller that lost its connection calls again, and a release here would take the lease from the second call.
        try await withCancellableContinuation { continuation in
            enqueue(request, waiter: waiter, continuation: continuation)
        } onCancel: {
            abandon(request.key, waiter: waiter)
        }
    }

    private func enqueue(
        _ request: LockRequest, waiter: UInt64, continuation: CheckedContinuation<LockLease, any Error>
    ) {
        let acquisition = update { state, time, effects in
            let result = state.table.acquire(request, waiter: waiter, at: time, effects: &effects)
            if result == .queued { state.waits[waiter] = Wait(continuation: continuation, timer: nil) }
            return result
        }
        switch acquisition {
        case .granted(let lease): continuation.resume(returning: lease)
        case .refused(let error): continuation.resume(throwing: error)
        case .queued:
            if let deadline = request.waitDeadline { armDeadline(deadline, request.key, waiter: waiter) }
            // The cancellation handler may have run before there was anything to abandon.
            if Task.isCancelled { abandon(request.key, waiter: waiter) }
        }
    }

    private func armDeadline(_ deadline: ContinuousClock.Instant, _ key: LockKey, waiter: UInt64) {
        let timer = clock.schedule(at: deadline) { [weak self] in self?.timeOut(key, waiter: waiter) }
        let stillWaits = state.withLock { state in
            guard state.waits[waiter] != nil else { return false }
            state.waits[waiter]?.timer = timer
            return true
        }
        if !stillWaits { timer.cancel() }
    }

    private func timeOut(_ key: LockKey, waiter: UInt64) {
        update { state, time, effects in
            _ = state.table.timeOut(key, waiter: waiter, at: time, effects: &effects)
        }
    }

    private func abandon(_ key: LockKey, waiter: UInt64) {
        let wait: Wait? = state.withLock { state in
            guard state.table.leave(key, waiter: waiter) else { return nil }
            return state.waits.removeValue(forKey: waiter)
        }
        guard let wait else { return }
        wait.timer?.cancel()
        wait.continuation.resume(throwing: CancellationError())
    }

    // MARK: Renewing

    fileprivate func renewNow(_ key: LockKey, token: LockToken, timeToLive: Duration) -> LockLease? {
        update { state, time, effects in
            state.table.renew(key, token: token, timeToLive: timeToLive, at: time, effects: &effects)
        }
    }

    fileprivate func stopObserving(_ key: LockKey, observer: UInt64) {
        state.withLock { state in
            state.table.stopObserving(key, observer: observer)
            state.observers[observer] = nil
        }
    }

    // MARK: The critical section

    /// Runs `body` under the mutex and tells everybody concerned afterwards.
    @discardableResult
    private func update<Result: Sendable>(
        _ body: (inout State, LockTable.Time, inout [LockTable.Effect]) -> Result
    ) -> Result {
        let time = LockTable.Time(now: clock.now, wallMicroseconds: clock.wallMicroseconds)
        let (result, deliveries) = state.withLock { state -> (Result, [Delivery]) in
            var effects: [LockTable.Effect] = []
            let result = body(&state, time, &effects)
            return (result, effects.compactMap { Self.delivery(of: $0, &state) })
        }
        for delivery in deliveries { deliver(delivery) }
        return result
    }

    private static func delivery(of effect: LockTable.Effect, _ state: inout State) -> Delivery? {
        switch effect {
        case .grant(let waiter, let lease):
            return state.waits.removeValue(forKey: waiter).map { .resume($0, .success(lease)) }
        case .refuse(let waiter, let error):
            return state.waits.removeValue(forKey: waiter).map { .resume($0, .failure(error)) }
        case .lost(let observers, let loss):
            return .lost(observers.compactMap { state.observers.removeValue(forKey: $0) }, loss)
        case .wake(let key, let instant):
            return .wake(key, at: instant)
        }
    }

    private func deliver(_ delivery: Delivery) {
        switch delivery {
        case .resume(let wait, let result):
            wait.timer?.cancel()
            wait.continuation.resume(with: result.mapError { $0 })
        case .lost(let observers, let loss):
            for observer in observers { observer(.lost(loss)) }
        case .wake(let key, let instant):
            clock.schedule(at: instant) { [weak self] in
                self?.update { state, time, effects in
                    state.table.wake(key, armedFor: instant, at: time, effects: &effects)
                }
            }
        }
    }
}

/// Renews one lease on the clock's timers. The timers own it, so it lives until it is stopped or the lease is lost.
private final class InMemoryLeaseKeeper: LeaseKeeper {
    private struct State {
        var stopped = false
        var timer: (any EngineTimer)?
    }

    private let manager: InMemoryLockManager
    private let lease: LockLease
    private let observer: UInt64
    private let clock: any EngineClock
    private let onEvent: @Sendable (LeaseEvent) -> Void
    private let state = Mutex(State())

    init(
        manager: InMemoryLockManager, lease: LockLease, observer: UInt64, clock: any EngineClock,
        onEvent: @escaping @Sendable (LeaseEvent) -> Void
    ) {
        self.manager = manager
        self.lease = lease
        self.observer = observer
        self.clock = clock
        self.onEvent = onEvent
    }

    func start() {
        // A third of the lease: two renewals may come late before it is lost.
        let timer = clock.schedule(at: clock.now + lease.timeToLive / 3) { self.renew() }
        let stopped = state.withLock { state in
            state.timer = timer
            return state.stopped
        }
        if stopped { timer.cancel() }
    }

    func stop() {
        let timer = state.withLock { state in
            state.stopped = true
            defer { state.timer = nil }
            return state.timer
        }
        timer?.cancel()
        manager.stopObserving(lease.key, observer: observer)
    }

    private func renew() {
        guard !state.withLock({ $0.stopped }) else { return }
        // A lease that cannot be renewed was lost, and the table told the observer so.
        guard let renewed = manager.renewNow(lease.key, token: lease.token, timeToLive: lease.timeToLive) else {
            return
        }
        onEvent(.renewed(renewed))
        start()
    }
}
