// Locks of several replicas. A lock is a hash in Redis that scripts grant, renew and release; who waits here stands in
// this process's line, whose first one contends with those of other replicas. Messages tell of releases at once, a
// timer of leases that end. Used from every loop: lines are behind one mutex, continuations are resumed outside it.

internal import ChatEngine
internal import DequeModule
internal import Synchronization

/// See `LockManager` for the contract.
final class RedisLockManager: LockManager {
    private struct State {
        var lines: [LockKey: LockLine] = [:]
        var waiterCount = 0
        /// Of `waiterCount`, those in lines for callers' own locks.
        var serviceWaiterCount = 0
        var lastID: UInt64 = 0
        /// Until when no lock of the lock service is granted: Redis may have forgotten leases that still run.
        var quietUntil: ContinuousClock.Instant?
        var random = SystemRandomNumberGenerator()
    }

    let loops: RedisLoops
    let keys: RedisKeys
    let subscriber: RedisSubscriber
    let clock: any EngineClock
    private let limits: RedisLockLimits
    private let state = Mutex(State())

    init(
        _ loops: RedisLoops, keys: RedisKeys, subscriber: RedisSubscriber, clock: any EngineClock,
        limits: RedisLockLimits
    ) {
        self.loops = loops
        self.keys = keys
        self.subscriber = subscriber
        self.clock = clock
        self.limits = limits
    }

    // MARK: LockManager

    func acquire(_ request: LockRequest) async throws -> LockLease {
        try Task.checkCancellation()
        // Behind others who wait here only the token's own lease is looked for: nobody overtakes.
        let onlyOwn = state.withLock { $0.lines[request.key] != nil }
        let attempt = try await attempt(request, onlyOwn: onlyOwn)
        if case .granted(let lease) = attempt { return lease }
        if case .quiet(let left) = attempt { throw Self.recovering(left) }
        guard let deadline = request.waitDeadline, deadline > clock.now else {
            throw Self.notAcquired(request.key, attempt)
        }
        return try await wait(request, until: deadline)
    }

    func renew(_ key: LockKey, token: LockToken, timeToLive: Duration) async throws -> LockLease {
        let start = clock.now
        let reply = try await loops.run(renewal(key, token: token, timeToLive: timeToLive), "the renewal of the lock")
        guard let lease = renewed(key, token: token, timeToLive: timeToLive, at: start, reply) else {
            throw EngineError.lockLost(key.name, .expired)
        }
        return lease
    }

    @discardableResult
    func release(_ key: LockKey, token: LockToken) async throws -> Bool {
        try await release(key, token, claim: nil)
    }

    @discardableResult
    func release(_ lease: LockLease) async throws -> Bool {
        try await release(lease.key, lease.token, claim: lease.claim)
    }

    private func release(_ key: LockKey, _ token: LockToken, claim: UInt64?) async throws -> Bool {
        let call = releasing(key, token, claim: claim)
        let reply = try await loops.run(call, "the release of the lock", isCancellable: false)
        // The message tells the same, a little later.
        poke(key)
        return reply[0]?.text == "released"
    }

    private func releasing(_ key: LockKey, _ token: LockToken, claim: UInt64?) -> ScriptCall {
        var call = ScriptCall(.releaseLock, keys: [keys.lock(key)])
        call.add(token.value)
        call.add(keys.lockChannel(key))
        call.add(claim.map { String($0) } ?? "")
        return call
    }

    func inspect(_ key: LockKey) async throws -> LockStatus? {
        status(key, try await loops.run(ScriptCall(.inspectLock, keys: [keys.lock(key)])))
    }

    func forceRelease(_ key: LockKey, fence: UInt64) async throws -> LockStatus? {
        var call = ScriptCall(.forceLock, keys: [keys.lock(key)])
        call.add(fence)
        call.add(keys.lockChannel(key))
        let reply = try await loops.run(call, "the forced release of the lock", isCancellable: false)
        poke(key)
        return status(key, reply)
    }

    func keepAlive(_ lease: LockLease, onEvent: @escaping @Sendable (LeaseEvent) -> Void) -> any LeaseKeeper {
        let keeper = RedisLeaseKeeper(manager: self, lease: lease, onEvent: onEvent)
        keeper.start()
        return keeper
    }

    private func status(_ key: LockKey, _ reply: RedisValue) -> LockStatus? {
        guard let fence = reply[1]?.unsigned, let left = reply[2]?.integer else { return nil }
        return LockStatus(
            fence: fence, ownerLabel: reply[3]?.text ?? "", acquiredAtMicroseconds: reply[4]?.integer ?? 0,
            remaining: .microseconds(left), waiters: state.withLock { $0.lines[key]?.waiters.count ?? 0 })
    }

    // MARK: One attempt

    private enum Attempt {
        case granted(LockLease)
        /// Somebody else's lease, of this fence and label, for that long.
        case held(fence: UInt64?, label: String, left: Duration)
        /// Nobody may have it yet.
        case quiet(Duration)
    }

    private func attempt(_ request: LockRequest, onlyOwn: Bool) async throws -> Attempt {
        let (quiet, start) = (quietTime(request.key), clock.now)
        let reply = try await loops.run(
            acquisition(request, onlyOwn: onlyOwn || quiet != nil), "the request for the lock"
        ) { [self] late in
            // Whoever asked was cancelled meanwhile.
            if case .granted(let lease) = result(of: request, late, quiet: quiet, at: start) { giveBack(lease) }
        }
        return result(of: request, reply, quiet: quiet, at: start)
    }

    private func acquisition(_ request: LockRequest, onlyOwn: Bool) -> ScriptCall {
        var call = ScriptCall(.acquireLock, keys: [keys.lock(request.key)])
        addAcquisition(of: request, onlyOwn: onlyOwn, to: &call)
        return call
    }

    private func addAcquisition(of request: LockRequest, onlyOwn: Bool, to call: inout ScriptCall) {
        call.add(request.token.value)
        call.add(request.timeToLive.microseconds / 1000)
        call.add(request.ownerLabel)
        call.add(fenceKept(request.key).microseconds / 1000)
        call.add(onlyOwn ? "1" : "0")
    }

    // MARK: For the store

    /// The arguments by which another script takes a lock, unless others stand in line for it here.
    ///
    /// - Parameter isWanted: false to take nothing after all.
    func addAcquisition(of request: LockRequest, isWanted: Bool, to call: inout ScriptCall) {
        let isInLine = state.withLock { $0.lines[request.key] != nil }
        addAcquisition(of: request, onlyOwn: isInLine || !isWanted, to: &call)
    }

    /// The lease that another script took; `start` is when it was sent.
    func lease(_ request: LockRequest, fence: UInt64, at start: ContinuousClock.Instant) -> LockLease {
        lease(request.key, token: request.token, fence: fence, timeToLive: request.timeToLive, at: start, claim: 1)
    }

    private func result(
        of request: LockRequest, _ reply: RedisValue, quiet: Duration?, at start: ContinuousClock.Instant
    ) -> Attempt {
        switch reply[0]?.text {
        case "granted":
            let lease = lease(
                request.key, token: request.token, fence: reply[1]?.unsigned ?? 0,
                timeToLive: request.timeToLive, at: start, claim: UInt64(reply[2]?.integer ?? 0))
            // The request may have waited for a connection, and that one may lead to a server that forgot leases: it is
            // known to be one before the first command is sent to it.
            if quiet == nil, lease.claim == 1, let left = quietTime(request.key) {
                giveBack(lease)
                return .quiet(left)
            }
            return .granted(lease)
        case "held":
            return .held(
                fence: reply[1]?.unsigned, label: reply[3]?.text ?? "",
                left: .microseconds(reply[2]?.integer ?? 0))
        default:
            return quiet.map { .quiet($0) } ?? .held(fence: nil, label: "", left: .zero)
        }
    }

    /// Counted from before the request was sent, so that it ends here before it ends in Redis.
    private func lease(
        _ key: LockKey, token: LockToken, fence: UInt64, timeToLive: Duration, at start: ContinuousClock.Instant,
        claim: UInt64
    ) -> LockLease {
        LockLease(
            key: key, token: token, fence: fence, timeToLive: timeToLive,
            validUntil: start + timeToLive - RedisLockLimits.drift(of: timeToLive), claim: claim)
    }

    private func fenceKept(_ key: LockKey) -> Duration {
        switch key.kind {
        case .session: RedisLockLimits.sessionFenceKept
        case .service: RedisLockLimits.serviceFenceKept
        }
    }

    // MARK: Renewing

    func renewal(_ key: LockKey, token: LockToken, timeToLive: Duration) -> ScriptCall {
        var call = ScriptCall(.renewLock, keys: [keys.lock(key)])
        call.add(token.value)
        call.add(timeToLive.microseconds / 1000)
        call.add(fenceKept(key).microseconds / 1000)
        return call
    }

    /// Nil where the lease is lost.
    func renewed(
        _ key: LockKey, token: LockToken, timeToLive: Duration, at start: ContinuousClock.Instant, _ reply: RedisValue,
        claim: UInt64 = 0
    ) -> LockLease? {
        guard reply[0]?.text == "renewed", let fence = reply[1]?.unsigned else { return nil }
        return lease(key, token: token, fence: fence, timeToLive: timeToLive, at: start, claim: claim)
    }

    // MARK: Waiting

    private func wait(_ request: LockRequest, until deadline: ContinuousClock.Instant) async throws -> LockLease {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withCancellableContinuation { continuation in
            join(LockLine.Waiter(id: id, request: request, continuation: continuation), until: deadline)
        } onCancel: {
            leave(request.key, id) { _ in CancellationError() }
        }
    }

    private func join(_ waiter: LockLine.Waiter, until deadline: ContinuousClock.Instant) {
        let key = waiter.request.key
        let refusal: EngineError? = state.withLock { state in
            if let refusal = self.refusal(of: key, state) { return refusal }
            state.lines[key, default: LockLine()].waiters.append(waiter)
            count(1, of: key, &state)
            return nil
        }
        if let refusal { return waiter.continuation.resume(throwing: refusal) }
        // From now on a release is heard of; what happened before is found by the attempt that follows.
        subscriber.subscribe(keys.lockChannel(key), as: .line(key)) { [weak self] _ in self?.poke(key) }
        // Who was cancelled in between closed the line before there was anything to unsubscribe.
        if state.withLock({ $0.lines[key] == nil }) { subscriber.unsubscribe(keys.lockChannel(key), as: .line(key)) }
        let timer = clock.schedule(at: deadline) { [weak self] in
            self?.leave(key, waiter.id) { waiting in
                Self.notAcquired(key, .held(fence: nil, label: "", left: waiting > 0 ? .milliseconds(100) : .zero))
            }
        }
        let isIn = state.withLock { state in
            guard let index = state.lines[key]?.waiters.firstIndex(where: { $0.id == waiter.id }) else { return false }
            state.lines[key]?.waiters[index].timer = timer
            return true
        }
        if !isIn { timer.cancel() }
        // The cancellation may have come before there was anything to leave.
        if Task.isCancelled { leave(key, waiter.id) { _ in CancellationError() } }
        poke(key)
    }

    private func refusal(of key: LockKey, _ state: State) -> EngineError? {
        let line = state.lines[key]?.waiters.count ?? 0
        if line >= limits.waitersPerLockMax {
            return .limitReached(
                "waitersPerLockMax", limits.waitersPerLockMax,
                "\(line) callers wait for this lock already, the limit; try again later")
        }
        let isFull =
            state.waiterCount >= limits.waitersMax
            || key.kind == .service
                && state.serviceWaiterCount >= limits.waitersMax
                    - min(limits.waitersKeptForSessions, limits.waitersMax / 2)
        guard isFull else { return nil }
        return .limitReached(
            "waitersMax", limits.waitersMax,
            "\(state.waiterCount) callers wait for locks already, all that the limit waitersMax has for this kind; try "
                + "again later")
    }

    /// Takes a waiter out of its line and resumes it with an error.
    private func leave(_ key: LockKey, _ id: UInt64, _ error: (Int) -> any Error) {
        let (waiter, left) = state.withLock { state -> (LockLine.Waiter?, Int) in
            guard let waiter = state.lines[key]?.remove(id) else { return (nil, 0) }
            count(-1, of: key, &state)
            let left = state.lines[key]?.waiters.count ?? 0
            return (waiter, left)
        }
        guard let waiter else { return }
        waiter.timer?.cancel()
        waiter.continuation.resume(throwing: error(left))
        if left == 0 { closeIfEmpty(key) }
    }

    /// Forgets a line without waiters, unless an attempt is under way, which asks again.
    private func closeIfEmpty(_ key: LockKey) {
        let retry = state.withLock { state -> (any EngineTimer)?? in
            guard let line = state.lines[key], line.waiters.isEmpty, !line.isTrying else { return nil }
            state.lines[key] = nil
            return .some(line.retry)
        }
        guard let retry else { return }
        retry?.cancel()
        subscriber.unsubscribe(keys.lockChannel(key), as: .line(key))
        // Somebody may have joined a new line between the two, and lost its subscription with the old one's.
        let isBack = state.withLock { $0.lines[key] != nil }
        if isBack {
            subscriber.subscribe(keys.lockChannel(key), as: .line(key)) { [weak self] _ in self?.poke(key) }
        }
    }

    private func count(_ change: Int, of key: LockKey, _ state: inout State) {
        state.waiterCount += change
        if key.kind == .service { state.serviceWaiterCount += change }
    }

    /// Something may have happened to the lock: the first in line tries. From any thread.
    func poke(_ key: LockKey) {
        let first: LockRequest? = state.withLock { state in
            guard let line = state.lines[key], let first = line.waiters.first else { return nil }
            if line.isTrying {
                state.lines[key]?.mustTryAgain = true
                return nil
            }
            state.lines[key]?.isTrying = true
            state.lines[key]?.mustTryAgain = false
            return first.request
        }
        guard let first else { return }
        let (quiet, start) = (quietTime(key), clock.now)
        RedisLoops.on(loops.here) { [self] client in
            client.run(acquisition(first, onlyOwn: quiet != nil)) { outcome in
                switch outcome {
                case .success(let reply):
                    self.tried(first, self.result(of: first, reply.value, quiet: quiet, at: start))
                case .failure(let failure): self.failed(key, failure)
                }
            }
        }
    }

    /// Redis went away: those in line hear of it now, and not when they would have tried next.
    func redisWentAway() {
        for key in state.withLock({ Array($0.lines.keys) }) { poke(key) }
    }

    private func tried(_ request: LockRequest, _ attempt: Attempt) {
        let key = request.key
        switch attempt {
        case .granted(let lease):
            let waiters = state.withLock { state -> [LockLine.Waiter] in
                state.lines[key]?.isTrying = false
                let waiters = state.lines[key]?.removeAll(with: request.token) ?? []
                count(-waiters.count, of: key, &state)
                return waiters
            }
            for waiter in waiters {
                waiter.timer?.cancel()
                waiter.continuation.resume(returning: lease)
            }
            // Those that it was for have left: nobody would give it back.
            if waiters.isEmpty { giveBack(lease) }
            arm(key, after: request.timeToLive)
        case .held(_, _, let left):
            endAttempt(key, retryAfter: left)
        case .quiet(let left):
            endAttempt(key, retryAfter: left)
        }
        closeIfEmpty(key)
    }

    private func endAttempt(_ key: LockKey, retryAfter left: Duration) {
        let mustTryAgain = state.withLock { state in
            state.lines[key]?.isTrying = false
            return state.lines[key]?.mustTryAgain ?? false
        }
        if mustTryAgain { poke(key) } else { arm(key, after: left) }
    }

    /// Gives a lease back that nobody here waits for any more, unless its token acquired the lock again: a caller that
    /// lost its connection calls again, elsewhere perhaps, and the first of its calls to come to Redis may be either.
    private func giveBack(_ lease: LockLease) {
        // Not its first claim: the token holds it by another call.
        guard lease.claim == 1 else { return }
        let call = releasing(lease.key, lease.token, claim: lease.claim)
        // One that cannot be given back ends by itself.
        RedisLoops.on(loops.here) { [self] client in
            client.run(call) { _ in self.poke(lease.key) }
        }
    }

    /// Where Redis is away all who wait here hear of it now; else the first alone, since it fared badly alone.
    private func failed(_ key: LockKey, _ failure: RedisFailure) {
        var isAway = failure == .unanswered
        if case .unavailable = failure { isAway = true }
        let waiters = state.withLock { state -> [LockLine.Waiter] in
            let waiters = Array((state.lines[key]?.waiters ?? []).prefix(isAway ? .max : 1))
            state.lines[key]?.waiters.removeFirst(waiters.count)
            state.lines[key]?.isTrying = false
            count(-waiters.count, of: key, &state)
            return waiters
        }
        for (index, waiter) in waiters.enumerated() {
            waiter.timer?.cancel()
            // Only the first one's request was sent.
            let failure = index == 0 || failure != .unanswered ? failure : .unavailable("it did not answer in time")
            waiter.continuation.resume(throwing: failure.engineError("the request for the lock"))
        }
        arm(key, after: .zero)
        closeIfEmpty(key)
    }

    /// Lets the first in line try when the lease may be over.
    private func arm(_ key: LockKey, after left: Duration) {
        let delay = state.withLock { state -> Duration? in
            guard let line = state.lines[key], !line.waiters.isEmpty else { return nil }
            let jitter = RedisLockLimits.retryJitterMax * Double.random(in: 0...1, using: &state.random)
            return min(max(left, .zero) + jitter, RedisLockLimits.retryMax)
        }
        guard let delay else { return }
        let timer = clock.schedule(at: clock.now + delay) { [weak self] in self?.poke(key) }
        let former = state.withLock { state -> (any EngineTimer)? in
            guard state.lines[key] != nil else { return timer }
            let former = state.lines[key]?.retry
            state.lines[key]?.retry = timer
            return former
        }
        former?.cancel()
    }

    // MARK: After a restart of Redis

    /// Redis was restarted or changed its role: no lock of the lock service is granted for so long.
    func beQuiet(for duration: Duration) {
        let end = clock.now + duration
        state.withLock { $0.quietUntil = max($0.quietUntil ?? end, end) }
    }

    private func quietTime(_ key: LockKey) -> Duration? {
        guard key.kind == .service else { return nil }
        let now = clock.now
        return state.withLock { state in
            guard let end = state.quietUntil else { return nil }
            if end > now { return end - now }
            state.quietUntil = nil
            return nil
        }
    }

    // MARK: Errors

    private static func recovering(_ left: Duration) -> EngineError {
        EngineError(
            .unavailable, reason: "LOCKS_RECOVERING",
            "Redis was restarted or another one took over, so a lock of before may still be held; nothing was granted, "
                + "try again in \(max(1, left.components.seconds)) s", retryAfter: left)
    }

    private static func notAcquired(_ key: LockKey, _ attempt: Attempt) -> EngineError {
        var details: [String: String] = [:]
        var retryAfter: Duration?
        if case .held(let fence, let label, let left) = attempt {
            if let fence { details["fence"] = String(fence) }
            if !label.isEmpty { details["owner_label"] = label }
            if left > .zero { retryAfter = left }
        }
        return EngineError(
            .lockNotAcquired, reason: "NOT_ACQUIRED",
            "the lock \(key.name) is held by somebody else; wait longer, or try again when it is released",
            details: details, retryAfter: retryAfter)
    }
}
