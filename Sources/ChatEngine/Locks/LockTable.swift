// Who holds which lock and who stands in line: the decisions of the in-memory lock manager, pure, without clock or
// threads.

internal import DequeModule

/// Leases and lines. Every operation is told the time, returns its result, and adds what must be told to others to
/// `effects`.
struct LockTable {
    /// What others must be told, after the operation and outside any mutex.
    enum Effect: Equatable {
        case grant(waiter: UInt64, LockLease)
        case refuse(waiter: UInt64, EngineError)
        /// The observers' lease is lost.
        case lost(observers: [UInt64], LockLoss)
        /// Call `wake` for this key then, so that the next in line gets an expired lease's place.
        /// A later wake of the same key replaces it.
        case wake(LockKey, at: ContinuousClock.Instant)
        /// The lock is held anew, or for longer, or was given back: what must be written down where leases survive the
        /// process. Not told of a lease that expired, which whoever reads it later sees by itself.
        case changed(LockKey)
    }

    enum Acquisition: Equatable {
        case granted(LockLease)
        case refused(EngineError)
        /// Stands in line; a `grant` or `refuse` effect for the waiter follows some day, unless it leaves.
        case queued
    }

    /// When it is: for leases, and for fences and people.
    struct Time {
        var now: ContinuousClock.Instant
        var wallMicroseconds: Int64
    }

    struct Waiter {
        var id: UInt64
        var request: LockRequest
    }

    struct Holder {
        var token: LockToken
        var fence: UInt64
        var ownerLabel: String
        var timeToLive: Duration
        var expiresAt: ContinuousClock.Instant
        var acquiredAtMicroseconds: Int64
        /// Until when the lease is written down; nil before its first write. Kept by managers with a journal.
        var writtenUntil: ContinuousClock.Instant?
        var observers: [UInt64] = []
    }

    struct Record {
        var holder: Holder?
        var waiters: Deque<Waiter> = []
        var wakeAt: ContinuousClock.Instant?
    }

    let limits: InMemoryLockLimits
    private var records: [LockKey: Record] = [:]
    /// Of `records`, those of callers' own locks.
    private var serviceCount = 0
    private var waiterCount = 0
    /// Of `waiterCount`, those in lines for callers' own locks.
    private var serviceWaiterCount = 0
    /// Of all keys together: greater than any fence of any key, so no key needs to be remembered for its own.
    private var lastFence: UInt64 = 0
    private var sweepThreshold = LockTable.sweepThresholdMin
    private var nextSweepWhenFull: ContinuousClock.Instant?

    /// Below this many records a sweep is not worth it.
    private static let sweepThresholdMin = 1024
    /// A full table is looked through that often at most, and not for each caller that it refuses.
    private static let sweepIntervalWhenFull: Duration = .seconds(1)
    /// A wake's timer outlives its line at most that long.
    private static let wakeAheadMax: Duration = .seconds(10)

    init(limits: InMemoryLockLimits) { self.limits = limits }

    // MARK: Operations

    mutating func acquire(
        _ request: LockRequest, waiter: UInt64, at time: Time, effects: inout [Effect]
    ) -> Acquisition {
        expire(request.key, at: time, effects: &effects)
        if let holder = records[request.key]?.holder {
            if holder.token == request.token {
                return .granted(
                    renewHolder(request.key, timeToLive: request.timeToLive, at: time, effects: &effects))
            }
            return standInLine(request, waiter: waiter, behind: holder, at: time, effects: &effects)
        }
        if records.count >= sweepThreshold { sweep(at: time, effects: &effects) }
        if isFull(for: request.key.kind), nextSweepWhenFull.map({ $0 <= time.now }) ?? true {
            nextSweepWhenFull = time.now + Self.sweepIntervalWhenFull
            sweep(at: time, effects: &effects)
        }
        guard !isFull(for: request.key.kind) else {
            return .refused(
                .limitReached(
                    "locksMax", limits.locksMax,
                    "\(records.count) locks are held, all that the limit locksMax of the in-memory lock manager has "
                        + "for this kind; try again later"))
        }
        return .granted(grant(request, at: time, effects: &effects))
    }

    mutating func renew(
        _ key: LockKey, token: LockToken, timeToLive: Duration, at time: Time, effects: inout [Effect]
    ) -> LockLease? {
        expire(key, at: time, effects: &effects)
        guard records[key]?.holder?.token == token else { return nil }
        return renewHolder(key, timeToLive: timeToLive, at: time, effects: &effects)
    }

    mutating func release(_ key: LockKey, token: LockToken, at time: Time, effects: inout [Effect]) -> Bool {
        expire(key, at: time, effects: &effects)
        guard let holder = records[key]?.holder, holder.token == token else { return false }
        // A holder stops observing before it releases, so these did not expect it.
        if !holder.observers.isEmpty { effects.append(.lost(observers: holder.observers, .released)) }
        effects.append(.changed(key))
        vacate(key, at: time, effects: &effects)
        return true
    }

    mutating func forceRelease(
        _ key: LockKey, fence: UInt64, at time: Time, effects: inout [Effect]
    ) -> LockStatus? {
        guard let status = inspect(key, at: time, effects: &effects), let holder = records[key]?.holder,
            holder.fence == fence
        else { return nil }
        if !holder.observers.isEmpty { effects.append(.lost(observers: holder.observers, .forced)) }
        effects.append(.changed(key))
        vacate(key, at: time, effects: &effects)
        return status
    }

    mutating func inspect(_ key: LockKey, at time: Time, effects: inout [Effect]) -> LockStatus? {
        expire(key, at: time, effects: &effects)
        guard let record = records[key], let holder = record.holder else { return nil }
        return LockStatus(
            fence: holder.fence, ownerLabel: holder.ownerLabel,
            acquiredAtMicroseconds: holder.acquiredAtMicroseconds, remaining: holder.expiresAt - time.now,
            waiters: record.waiters.count)
    }

    /// True while the token holds the lock. Changes nothing.
    func holds(_ key: LockKey, token: LockToken, at now: ContinuousClock.Instant) -> Bool {
        guard let holder = records[key]?.holder else { return false }
        return holder.token == token && now < holder.expiresAt
    }

    /// Tells `observer` once when the token's lease is lost. False when it is lost already.
    mutating func observe(
        _ key: LockKey, token: LockToken, observer: UInt64, at time: Time, effects: inout [Effect]
    ) -> Bool {
        expire(key, at: time, effects: &effects)
        guard records[key]?.holder?.token == token else { return false }
        records[key]?.holder?.observers.append(observer)
        return true
    }

    mutating func stopObserving(_ key: LockKey, observer: UInt64) {
        records[key]?.holder?.observers.removeAll { $0 == observer }
    }

    /// Takes a waiter out of its line. False when it is not there any more.
    mutating func leave(_ key: LockKey, waiter: UInt64) -> Bool {
        guard let index = records[key]?.waiters.firstIndex(where: { $0.id == waiter }) else { return false }
        records[key]?.waiters.remove(at: index)
        countWaiters(-1, of: key.kind)
        removeIfUnused(key)
        return true
    }

    /// The wait of a waiter is over. False when it is not in line any more.
    mutating func timeOut(_ key: LockKey, waiter: UInt64, at time: Time, effects: inout [Effect]) -> Bool {
        expire(key, at: time, effects: &effects)
        guard leave(key, waiter: waiter) else { return false }
        effects.append(.refuse(waiter: waiter, notAcquired(key, at: time)))
        return true
    }

    /// What a `wake` effect asked for: `armedFor` is its instant. One that was replaced, or whose line is gone, does
    /// nothing.
    mutating func wake(
        _ key: LockKey, armedFor: ContinuousClock.Instant, at time: Time, effects: inout [Effect]
    ) {
        guard records[key]?.wakeAt == armedFor else { return }
        records[key]?.wakeAt = nil
        expire(key, at: time, effects: &effects)
        armWake(key, at: time, effects: &effects)
    }

    /// How many keys have a holder or a line; for tests and metrics.
    var count: Int { records.count }

    // MARK: Surviving the process

    /// Who holds the lock, as it is written down; nil when nobody does.
    func record(of key: LockKey, at time: Time) -> LeaseRecord? {
        guard let holder = records[key]?.holder else { return nil }
        return LeaseRecord(
            key: key, token: holder.token, fence: holder.fence, ownerLabel: holder.ownerLabel,
            acquiredAtMicroseconds: holder.acquiredAtMicroseconds, timeToLive: holder.timeToLive,
            expiresAtMicroseconds: time.wallMicroseconds + (holder.expiresAt - time.now).microseconds)
    }

    /// The lease is written down. False when its holder cannot rely on it any more: it ended, or another one stands
    /// there.
    mutating func confirm(_ lease: LockLease, at now: ContinuousClock.Instant) -> Bool {
        guard let holder = records[lease.key]?.holder, holder.token == lease.token, holder.fence == lease.fence,
            now < lease.validUntil
        else { return false }
        records[lease.key]?.holder?.writtenUntil = lease.validUntil
        return true
    }

    /// The lease could not be written down. A new one is taken back; one that was written before lasts at least as
    /// long as its holder was told then.
    mutating func deny(_ lease: LockLease, at time: Time, effects: inout [Effect]) {
        guard let holder = records[lease.key]?.holder, holder.token == lease.token, holder.fence == lease.fence
        else { return }
        if let writtenUntil = holder.writtenUntil {
            records[lease.key]?.holder?.expiresAt = max(holder.expiresAt, writtenUntil)
            armWake(lease.key, at: time, effects: &effects)
        } else {
            _ = release(lease.key, token: lease.token, at: time, effects: &effects)
        }
    }

    /// Takes over the leases of a process before this one, with what is left of their time: never more than their time
    /// to live, whatever the system's clock did meanwhile. No fence from now on is smaller than `lastFence`.
    mutating func restore(_ leases: [LeaseRecord], lastFence: UInt64, at time: Time) {
        precondition(records.isEmpty, "leases are restored before the first lock is taken")
        self.lastFence = leases.reduce(lastFence) { max($0, $1.fence) }
        for lease in leases {
            let left = Duration.microseconds(lease.expiresAtMicroseconds - time.wallMicroseconds)
            guard left > .zero else { continue }
            let end = time.now + min(left, lease.timeToLive)
            let holder = Holder(
                token: lease.token, fence: lease.fence, ownerLabel: lease.ownerLabel, timeToLive: lease.timeToLive,
                expiresAt: end, acquiredAtMicroseconds: lease.acquiredAtMicroseconds, writtenUntil: end)
            records[lease.key] = Record(holder: holder)
            if lease.key.kind == .service { serviceCount += 1 }
        }
    }

    // MARK: Leases

    private mutating func grant(_ request: LockRequest, at time: Time, effects: inout [Effect]) -> LockLease {
        lastFence = max(lastFence + 1, UInt64(clamping: time.wallMicroseconds))
        let holder = Holder(
            token: request.token, fence: lastFence, ownerLabel: request.ownerLabel, timeToLive: request.timeToLive,
            expiresAt: time.now + request.timeToLive, acquiredAtMicroseconds: time.wallMicroseconds)
        if request.key.kind == .service, records[request.key] == nil { serviceCount += 1 }
        records[request.key, default: Record()].holder = holder
        effects.append(.changed(request.key))
        return lease(request.key, holder)
    }

    private mutating func renewHolder(
        _ key: LockKey, timeToLive: Duration, at time: Time, effects: inout [Effect]
    ) -> LockLease {
        guard var holder = records[key]?.holder else { preconditionFailure("only a held lock is renewed") }
        holder.timeToLive = timeToLive
        holder.expiresAt = time.now + timeToLive
        records[key]?.holder = holder
        effects.append(.changed(key))
        return lease(key, holder)
    }

    private func lease(_ key: LockKey, _ holder: Holder) -> LockLease {
        LockLease(
            key: key, token: holder.token, fence: holder.fence, timeToLive: holder.timeToLive,
            validUntil: holder.expiresAt)
    }

    private mutating func expire(_ key: LockKey, at time: Time, effects: inout [Effect]) {
        guard let holder = records[key]?.holder, holder.expiresAt <= time.now else { return }
        if !holder.observers.isEmpty { effects.append(.lost(observers: holder.observers, .expired)) }
        vacate(key, at: time, effects: &effects)
    }

    /// Takes the holder away and lets the next in line in.
    private mutating func vacate(_ key: LockKey, at time: Time, effects: inout [Effect]) {
        records[key]?.holder = nil
        while let waiter = records[key]?.waiters.popFirst() {
            countWaiters(-1, of: key.kind)
            if let deadline = waiter.request.waitDeadline, deadline <= time.now {
                effects.append(.refuse(waiter: waiter.id, notAcquired(key, at: time)))
                continue
            }
            let lease = grant(waiter.request, at: time, effects: &effects)
            effects.append(.grant(waiter: waiter.id, lease))
            grantRepeats(of: lease, effects: &effects)
            break
        }
        armWake(key, at: time, effects: &effects)
        removeIfUnused(key)
    }

    /// A caller that lost its connection in line and called again stands there twice with one token: both get the
    /// lease.
    private mutating func grantRepeats(of lease: LockLease, effects: inout [Effect]) {
        guard let waiters = records[lease.key]?.waiters, !waiters.isEmpty else { return }
        let repeats = waiters.filter { $0.request.token == lease.token }
        guard !repeats.isEmpty else { return }
        records[lease.key]?.waiters.removeAll { $0.request.token == lease.token }
        countWaiters(-repeats.count, of: lease.key.kind)
        for waiter in repeats { effects.append(.grant(waiter: waiter.id, lease)) }
    }

    private mutating func removeIfUnused(_ key: LockKey) {
        guard let record = records[key], record.holder == nil, record.waiters.isEmpty else { return }
        records[key] = nil
        if key.kind == .service { serviceCount -= 1 }
    }

    /// Callers' own locks leave some room to the locks of sessions, so that they cannot stop the conversations.
    private func isFull(for kind: LockKey.Kind) -> Bool {
        if records.count >= limits.locksMax { return true }
        let kept = min(limits.locksKeptForSessions, limits.locksMax / 2)
        return kind == .service && serviceCount >= limits.locksMax - kept
    }

    /// Forgets expired leases that nobody asks about. Amortised: the table doubles before the next sweep.
    private mutating func sweep(at time: Time, effects: inout [Effect]) {
        let expired = records.filter { $0.value.holder.map { $0.expiresAt <= time.now } ?? false }.keys
        for key in expired { expire(key, at: time, effects: &effects) }
        sweepThreshold = max(Self.sweepThresholdMin, records.count * 2)
    }

    // MARK: Lines

    private mutating func standInLine(
        _ request: LockRequest, waiter: UInt64, behind holder: Holder, at time: Time, effects: inout [Effect]
    ) -> Acquisition {
        guard let deadline = request.waitDeadline, deadline > time.now else {
            return .refused(notAcquired(request.key, at: time))
        }
        let lineLength = records[request.key]?.waiters.count ?? 0
        guard lineLength < limits.waitersPerLockMax else {
            return .refused(
                .limitReached(
                    "waitersPerLockMax", limits.waitersPerLockMax,
                    "\(lineLength) callers wait for this lock already, the limit; try again later"))
        }
        guard !linesAreFull(for: request.key.kind) else {
            return .refused(
                .limitReached(
                    "waitersMax", limits.waitersMax,
                    "\(waiterCount) callers wait for locks already, all that the limit waitersMax has for this kind; "
                        + "try again later"))
        }
        records[request.key]?.waiters.append(Waiter(id: waiter, request: request))
        countWaiters(1, of: request.key.kind)
        armWake(request.key, at: time, effects: &effects)
        return .queued
    }

    private func linesAreFull(for kind: LockKey.Kind) -> Bool {
        if waiterCount >= limits.waitersMax { return true }
        let kept = min(limits.waitersKeptForSessions, limits.waitersMax / 2)
        return kind == .service && serviceWaiterCount >= limits.waitersMax - kept
    }

    private mutating func countWaiters(_ change: Int, of kind: LockKey.Kind) {
        waiterCount += change
        if kind == .service { serviceWaiterCount += change }
    }

    private mutating func armWake(_ key: LockKey, at time: Time, effects: inout [Effect]) {
        guard let record = records[key], let holder = record.holder, !record.waiters.isEmpty else { return }
        // An earlier wake finds the lease renewed and arms again.
        if let wakeAt = record.wakeAt, wakeAt <= holder.expiresAt { return }
        let wakeAt = min(holder.expiresAt, time.now + Self.wakeAheadMax)
        records[key]?.wakeAt = wakeAt
        effects.append(.wake(key, at: wakeAt))
    }

    private func notAcquired(_ key: LockKey, at time: Time) -> EngineError {
        var details: [String: String] = [:]
        var retryAfter: Duration?
        if let holder = records[key]?.holder {
            details["fence"] = String(holder.fence)
            if !holder.ownerLabel.isEmpty { details["owner_label"] = holder.ownerLabel }
            retryAfter = holder.expiresAt - time.now
        }
        return EngineError(
            .lockNotAcquired, reason: "NOT_ACQUIRED",
            "the lock \(key.name) is held by somebody else; wait longer, or try again when it is released",
            details: details, retryAfter: retryAfter)
    }
}

/// How many locks and waiters the in-memory lock manager takes.
public struct InMemoryLockLimits: Sendable, Equatable {
    /// Locks that are held or waited for, both kinds: about 300 bytes each, so 30 MB at most.
    public var locksMax = 100_000
    /// Of `locksMax`, those that only sessions may use, at most half of it: more than the turns that run at a time.
    public var locksKeptForSessions = 20_000
    /// Callers in all lines together: each is a call in flight.
    public var waitersMax = 20_000
    /// Of `waitersMax`, those that only turns may use, at most half of it.
    public var waitersKeptForSessions = 10_000
    /// Callers in one line: with the shortest useful work, 10 ms, the last of a thousand waits 10 s.
    public var waitersPerLockMax = 1_000

    /// The defaults.
    public init() {}
}
