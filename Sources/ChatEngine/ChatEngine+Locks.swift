// The lock service: locks that callers take for work of their own. They never meet the locks of sessions.

extension ChatEngine {
    /// Takes a lock. Repeated with the same token it returns the same lease and fence, renewed.
    ///
    /// - Parameters:
    ///   - timeToLive: nil for the default.
    ///   - wait: how long to stand in line; nil to be refused at once.
    ///   - ownerLabel: who holds it, for those who inspect it.
    /// - Throws: `EngineError` of kind `invalidArgument`, `lockNotAcquired` or `resourceExhausted`;
    /// `CancellationError`.
    public func acquireLock(
        owner: String, name: String, token: LockToken, timeToLive: Duration? = nil, wait: Duration? = nil,
        ownerLabel: String = ""
    ) async throws -> LockLease {
        let key = try lockKey(owner: owner, name: name, token: token)
        let timeToLive = try checkedTimeToLive(timeToLive)
        try rules.checkOwnerLabel(ownerLabel)
        if let wait, wait < .zero {
            throw EngineError.invalidArgument("LOCK_WAIT", "the time to wait is negative; leave it out not to wait")
        }
        let deadline = wait.map { clock.now + min($0, configuration.limits.lockWaitMax) }
        return try await locks.acquire(
            LockRequest(
                key: key, token: token, timeToLive: timeToLive, waitDeadline: deadline, ownerLabel: ownerLabel))
    }

    /// Makes a held lock last `timeToLive` from now.
    ///
    /// - Throws: `EngineError` of kind `lockLost` when the token does not hold it any more.
    public func renewLock(
        owner: String, name: String, token: LockToken, timeToLive: Duration? = nil
    ) async throws -> LockLease {
        let key = try lockKey(owner: owner, name: name, token: token)
        return try await locks.renew(key, token: token, timeToLive: try checkedTimeToLive(timeToLive))
    }

    /// Gives a lock back.
    ///
    /// - Throws: `EngineError` of kind `lockLost` when the token does not hold it (any more).
    public func releaseLock(owner: String, name: String, token: LockToken) async throws {
        let key = try lockKey(owner: owner, name: name, token: token)
        guard try await locks.release(key, token: token) else { throw EngineError.lockLost(name, .expired) }
    }

    /// Who holds a lock, or nil when it is free.
    public func inspectLock(owner: String, name: String) async throws -> LockStatus? {
        try rules.checkLockName(name)
        return try await locks.inspect(LockKey(.service, owner: owner, name: name))
    }

    /// Takes a lock away from the lease with this fence, and from no later one.
    ///
    /// - Returns: the lease as it was.
    /// - Throws: `EngineError` of kind `lockLost` when that lease does not hold the lock (any more).
    public func forceReleaseLock(owner: String, name: String, fence: UInt64) async throws -> LockStatus {
        try rules.checkLockName(name)
        guard fence > 0 else {
            throw EngineError.invalidArgument("FENCE", "the fence is 0; give the one that inspecting the lock tells")
        }
        let status = try await locks.forceRelease(LockKey(.service, owner: owner, name: name), fence: fence)
        guard let status else { throw EngineError.lockLost(name, .expired) }
        return status
    }

    /// Holds a lock for as long as this call runs: takes it as `acquireLock` does, renews it, and gives it back when
    /// the call's task is cancelled.
    ///
    /// - Parameters:
    ///   - granted: called once, on the caller's actor, when the lock is held.
    ///   - renewed: called after renewals, on the caller's actor; some are left out while it is slow.
    /// - Returns: why the lease was lost; the lock is not held then.
    /// - Throws: as `acquireLock`; `CancellationError` after the lock was released; what the closures threw, likewise.
    public func holdLock(
        owner: String, name: String, token: LockToken, timeToLive: Duration? = nil, wait: Duration? = nil,
        ownerLabel: String = "", granted: (LockLease) async throws -> Void,
        renewed: (LockLease) async throws -> Void = { _ in }
    ) async throws -> LockLoss {
        let key = try lockKey(owner: owner, name: name, token: token)
        heldTokens.add(key, token)
        var held: LockLease?
        do {
            let lease = try await acquireLock(
                owner: owner, name: name, token: token, timeToLive: timeToLive, wait: wait, ownerLabel: ownerLabel)
            held = lease
            let events = LeaseMailbox()
            let keeper = locks.keepAlive(lease) { events.put($0) }
            defer { keeper.stop() }
            try await granted(lease)
            while true {
                switch try await events.next() {
                case .renewed(let lease): try await renewed(lease)
                case .lost(let loss):
                    _ = heldTokens.remove(key, token, nil)
                    return loss
                }
            }
        } catch {
            // Not after a failed acquire: one whose outcome is unknown is settled by its repetition with the same
            // token, perhaps elsewhere, and a release would take the lock from that.
            if let lease = heldTokens.remove(key, token, held) { _ = try? await locks.release(lease) }
            throw error
        }
    }

    private func lockKey(owner: String, name: String, token: LockToken) throws(EngineError) -> LockKey {
        try rules.checkLockName(name)
        try rules.checkLockToken(token.value)
        return LockKey(.service, owner: owner, name: name)
    }

    private func checkedTimeToLive(_ timeToLive: Duration?) throws(EngineError) -> Duration {
        guard let timeToLive else { return configuration.lockTimeToLiveDefault }
        let limits = configuration.limits
        guard limits.lockTimeToLiveMin <= timeToLive, timeToLive <= limits.lockTimeToLiveMax else {
            throw .invalidArgument(
                "LOCK_TIME_TO_LIVE",
                "the lock's time to live must be from \(limits.lockTimeToLiveMin) to \(limits.lockTimeToLiveMax)")
        }
        return timeToLive
    }
}
