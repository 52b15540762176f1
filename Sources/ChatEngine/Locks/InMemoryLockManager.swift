// Locks of one process. Used by the in-memory and the SQLite store, from every loop: the state is behind one mutex, and
// continuations, observers and timers are told outside it.
//
// With a journal, callers' locks outlive the process: what was decided is given to the journal inside the mutex, so in
// the order of the decisions, and told when it is durable. A grant that could not be written is taken back, a renewal
// that could not leaves the lease as it was told before, and neither is told when its lease has ended meanwhile. A
// release that could not be written holds in this process and is told as unknown: after a crash the lock would be held
// until its lease ends, which is safe. The locks of sessions end with the turns of the process, and are never written.

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
        var observers: [UInt64: @Sendable (LockLoss) -> Void] = [:]
        /// The last write of each key that is under way.
        var writes: [LockKey: JournalWrite] = [:]
        var lastID: UInt64 = 0

        mutating func makeID() -> UInt64 {
            lastID += 1
            return lastID
        }
    }

    /// An effect with those whom it concerns, taken out of the state under the mutex, told outside it.
    private enum Delivery {
        case resume(Wait, Result<LockLease, EngineError>)
        case lost([@Sendable (LockLoss) -> Void], LockLoss)
        case wake(LockKey, at: ContinuousClock.Instant)
    }

    private let clock: any EngineClock
    private let journal: (any LeaseJournal)?
    private let state: Mutex<State>

    /// A manager without locks. The clock's timers end waits and wake the next in line when a holder's lease expires.
    public init(clock: any EngineClock, limits: InMemoryLockLimits = InMemoryLockLimits()) {
        self.clock = clock
        self.journal = nil
        self.state = Mutex(State(table: LockTable(limits: limits)))
    }

    /// A manager that writes callers' locks down, and begins with those that a process before this one had written.
    ///
    /// - Parameter lastFence: the greatest fence that was ever written.
    package init(
        clock: any EngineClock, limits: InMemoryLockLimits = InMemoryLockLimits(), journal: any LeaseJournal,
        restoring leases: [LeaseRecord], lastFence: UInt64
    ) {
        self.clock = clock
        self.journal = journal
        var table = LockTable(limits: limits)
        let time = LockTable.Time(now: clock.now, wallMicroseconds: clock.wallMicroseconds)
        table.restore(leases, lastFence: lastFence, at: time)
        self.state = Mutex(State(table: table))
    }

    // MARK: LockManager

    public func acquire(_ request: LockRequest) async throws -> LockLease {
        try Task.checkCancellation()
        let ((id, acquisition), write) = update { state, time, effects in
            let id = state.makeID()
            var immediate = request
            immediate.waitDeadline = nil
            let result = state.table.acquire(immediate, waiter: id, at: time, effects: &effects)
            return (id, result)
        }
        switch acquisition {
        case .granted(let lease):
            guard let write, lease.key.kind == .service else { return lease }
            return try await withCheckedThrowingContinuation { tell($0, of: lease, after: write) }
        case .refused(let error):
            guard error.kind == .lockNotAcquired, request.waitDeadline != nil else { throw error }
            return try await wait(request, waiter: id)
        case .queued: preconditionFailure("a request without a wait deadline cannot stand in line")
        }
    }

    public func renew(_ key: LockKey, token: LockToken, timeToLive: Duration) async throws -> LockLease {
        let (lease, write) = renewNow(key, token: token, timeToLive: timeToLive)
        guard let lease else { throw EngineError.lockLost(key.name, .expired) }
        guard let write, key.kind == .service else { return lease }
        return try await withCheckedThrowingContinuation { continuation in
            tell(continuation, of: lease, after: write, tooLate: .lockLost(key.name, .expired))
        }
    }

    @discardableResult
    public func release(_ key: LockKey, token: LockToken) async throws -> Bool {
        let (released, write) = update { state, time, effects in
            state.table.release(key, token: token, at: time, effects: &effects)
        }
        try await Self.settle("the release of the lock", write)
        return released
    }

    public func inspect(_ key: LockKey) async throws -> LockStatus? {
        let ((status, earlier), write) = update { state, time, effects in
            (state.table.inspect(key, at: time, effects: &effects), state.writes[key])
        }
        // What is shown must not be undone by a crash. A write that fails changes what there is to show.
        if let pending = write ?? earlier {
            do {
                try await pending.wait()
            } catch {
                return update { state, time, effects in
                    state.table.inspect(key, at: time, effects: &effects)
                }.0
            }
        }
        return status
    }

    public func forceRelease(_ key: LockKey, fence: UInt64) async throws -> LockStatus? {
        let (status, write) = update { state, time, effects in
            state.table.forceRelease(key, fence: fence, at: time, effects: &effects)
        }
        try await Self.settle("the forced release of the lock", write)
        return status
    }

    /// What was given back in memory stays so: the caller is told that it is not certain.
    private static func settle(_ what: String, _ write: JournalWrite?) async throws {
        do {
            try await write?.wait()
        } catch {
            throw EngineError.outcomeUnknown(what)
        }
    }

    public func keepAlive(
        _ lease: LockLease, onEvent: @escaping @Sendable (LeaseEvent) -> Void
    ) -> any LeaseKeeper {
        let observer = state.withLock { $0.makeID() }
        let keeper = InMemoryLeaseKeeper(
            manager: self, lease: lease, observer: observer, clock: clock, onEvent: onEvent)
        let isHeld = update { state, time, effects in
            guard
                state.table.observe(lease.key, token: lease.token, observer: observer, at: time, effects: &effects)
            else { return false }
            state.observers[observer] = { keeper.lost($0) }
            return true
        }.0
        if isHeld { keeper.start() } else { clock.schedule(at: clock.now) { keeper.lost(.expired) } }
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
        let (acquisition, write) = update { state, time, effects in
            let result = state.table.acquire(request, waiter: waiter, at: time, effects: &effects)
            if result == .queued { state.waits[waiter] = Wait(continuation: continuation, timer: nil) }
            return result
        }
        switch acquisition {
        case .granted(let lease): tell(continuation, of: lease, after: write)
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
        _ = update { state, time, effects in
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

    fileprivate func renewNow(
        _ key: LockKey, token: LockToken, timeToLive: Duration
    ) -> (LockLease?, JournalWrite?) {
        update { state, time, effects in
            state.table.renew(key, token: token, timeToLive: timeToLive, at: time, effects: &effects)
        }
    }

    /// A lease that was to be written down: true when its holder may rely on it.
    ///
    /// Not taken back where another write of this lock is under way: the caller may have repeated its call, and that
    /// write decides.
    fileprivate func settle(_ lease: LockLease, _ error: EngineError?) -> Bool {
        update { state, time, effects in
            if error == nil { return state.table.confirm(lease, at: time.now) }
            if state.writes[lease.key] == nil { state.table.deny(lease, at: time, effects: &effects) }
            return false
        }.0
    }

    /// Gives a lease back that its keeper could not renew in time.
    fileprivate func giveBack(_ lease: LockLease) {
        _ = update { state, time, effects in
            _ = state.table.forceRelease(lease.key, fence: lease.fence, at: time, effects: &effects)
        }
    }

    /// Resumes a caller with its lease once that is durable, if it still holds the lock then.
    private func tell(
        _ continuation: CheckedContinuation<LockLease, any Error>, of lease: LockLease, after write: JournalWrite?,
        tooLate: EngineError? = nil
    ) {
        guard let write, lease.key.kind == .service else { return continuation.resume(returning: lease) }
        write.whenDone { error in
            if self.settle(lease, error) { return continuation.resume(returning: lease) }
            continuation.resume(throwing: error ?? tooLate ?? Self.grantedTooLate(lease))
        }
    }

    private static func grantedTooLate(_ lease: LockLease) -> EngineError {
        EngineError(
            .lockNotAcquired, reason: "NOT_ACQUIRED",
            "the lock \(lease.key.name) was granted, but writing that down took longer than its time to live; ask for "
                + "a longer one, or try again")
    }

    fileprivate func stopObserving(_ key: LockKey, observer: UInt64) {
        state.withLock { state in
            state.table.stopObserving(key, observer: observer)
            state.observers[observer] = nil
        }
    }

    // MARK: The critical section

    /// Runs `body` under the mutex and tells everybody concerned afterwards.
    ///
    /// - Returns: the result, and the write that its caller must wait for, if there is one.
    private func update<Result: Sendable>(
        _ body: (inout State, LockTable.Time, inout [LockTable.Effect]) -> Result
    ) -> (Result, JournalWrite?) {
        let time = LockTable.Time(now: clock.now, wallMicroseconds: clock.wallMicroseconds)
        let (result, deliveries, write) = state.withLock { state -> (Result, [Delivery], JournalWrite?) in
            var effects: [LockTable.Effect] = []
            let result = body(&state, time, &effects)
            let write = journal.flatMap { self.write(effects, to: $0, &state, at: time) }
            return (result, effects.compactMap { Self.delivery(of: $0, &state) }, write)
        }
        for delivery in deliveries { deliver(delivery, after: write) }
        return (result, write)
    }

    /// Gives the journal what changed of callers' locks.
    private func write(
        _ effects: [LockTable.Effect], to journal: any LeaseJournal, _ state: inout State, at time: LockTable.Time
    ) -> JournalWrite? {
        var keys: [LockKey] = []
        for case .changed(let key) in effects where key.kind == .service && !keys.contains(key) { keys.append(key) }
        guard !keys.isEmpty else { return nil }
        let write = JournalWrite()
        for key in keys { state.writes[key] = write }
        let changes = keys.map { key in
            state.table.record(of: key, at: time).map { LeaseChange.held($0) } ?? .free(key)
        }
        journal.write(changes) { [weak self] error in
            self?.forget(write, of: changes)
            write.finish(error)
        }
        return write
    }

    private func forget(_ write: JournalWrite, of changes: [LeaseChange]) {
        state.withLock { state in
            for change in changes where state.writes[change.key] === write { state.writes[change.key] = nil }
        }
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
        case .changed: return nil
        }
    }

    private func deliver(_ delivery: Delivery, after write: JournalWrite?) {
        switch delivery {
        case .resume(let wait, .success(let lease)):
            wait.timer?.cancel()
            tell(wait.continuation, of: lease, after: write)
        case .resume(let wait, .failure(let error)):
            wait.timer?.cancel()
            wait.continuation.resume(throwing: error)
        case .lost(let observers, let loss):
            for observer in observers { observer(loss) }
        case .wake(let key, let instant):
            clock.schedule(at: instant) { [weak self] in
                _ = self?.update { state, time, effects in
                    state.table.wake(key, armedFor: instant, at: time, effects: &effects)
                }
            }
        }
    }
}

/// Renews one lease on the clock's timers. The timers own it, so it lives until it is stopped or the lease is lost.
private final class InMemoryLeaseKeeper: LeaseKeeper {
    private struct State {
        /// Nobody is told anything any more.
        var isOver = false
        var timer: (any EngineTimer)?
        /// The lease that its holder relies on: written down, where there is a journal.
        var lease: LockLease
    }

    private let manager: InMemoryLockManager
    private let observer: UInt64
    private let clock: any EngineClock
    private let onEvent: @Sendable (LeaseEvent) -> Void
    private let state: Mutex<State>

    init(
        manager: InMemoryLockManager, lease: LockLease, observer: UInt64, clock: any EngineClock,
        onEvent: @escaping @Sendable (LeaseEvent) -> Void
    ) {
        self.manager = manager
        self.observer = observer
        self.clock = clock
        self.onEvent = onEvent
        self.state = Mutex(State(lease: lease))
    }

    private var lease: LockLease { state.withLock { $0.lease } }

    func start() { arm(at: Self.renewal(of: lease)) }

    /// When a third of the lease is over: two renewals may come late before it is lost. Counted from the lease, and not
    /// from when it was told, which may be late.
    private static func renewal(of lease: LockLease) -> ContinuousClock.Instant {
        lease.validUntil - lease.timeToLive * 2 / 3
    }

    private func arm(at instant: ContinuousClock.Instant) {
        let timer = clock.schedule(at: instant) { self.renew() }
        let isOver = state.withLock { state in
            if !state.isOver { state.timer = timer }
            return state.isOver
        }
        if isOver { timer.cancel() }
    }

    func stop() {
        _ = end()
        manager.stopObserving(lease.key, observer: observer)
    }

    /// The lease is lost: the last thing that is told, once.
    func lost(_ loss: LockLoss) {
        if end() { onEvent(.lost(loss)) }
    }

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
        return isFirst
    }

    private func renew() {
        let (isOver, old) = state.withLock { ($0.isOver, $0.lease) }
        guard !isOver else { return }
        let (lease, write) = manager.renewNow(old.key, token: old.token, timeToLive: old.timeToLive)
        // A lease that cannot be renewed was lost, and the table told the observer so.
        guard let lease else { return }
        guard let write, lease.key.kind == .service else { return renewed(lease) }
        write.whenDone { error in
            if self.manager.settle(lease, error) { self.renewed(lease) } else { self.renewalFailed() }
        }
    }

    private func renewed(_ lease: LockLease) {
        let isOver = state.withLock { state in
            state.lease = lease
            return state.isOver
        }
        if isOver { return }
        onEvent(.renewed(lease))
        arm(at: Self.renewal(of: lease))
    }

    /// The journal cannot be written now: tries again until the lease that is written down ends.
    private func renewalFailed() {
        let (isOver, lease) = state.withLock { ($0.isOver, $0.lease) }
        if isOver { return }
        guard clock.now < lease.validUntil else {
            lost(.unreachable)
            manager.stopObserving(lease.key, observer: observer)
            return manager.giveBack(lease)
        }
        arm(at: min(clock.now + lease.timeToLive / 6, lease.validUntil))
    }
}
