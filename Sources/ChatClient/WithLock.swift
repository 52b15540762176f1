// A lock around a piece of work: taken before it, renewed beside it, released after it, and the work is cancelled when
// it is lost.

internal import ChatStubs
internal import RPC

extension ChatClient {
    /// Runs `body` while this client holds the lock on `key`.
    ///
    /// The lease is renewed in the background, every third of `ttl`. When it is lost (an operator took it, or it could
    /// not be renewed in time), `body`'s task is cancelled, and once `body` has returned the error with reason `LOST`
    /// is thrown, whatever `body` returned. The lock is released at the end, also when `body` throws or the caller is
    /// cancelled; a caller that is cancelled should return soon, since the lease is not renewed from then on.
    ///
    /// A lease is no guarantee on its own: a process may be paused past its end. Pass ``HeldLock/fence`` to what you
    /// write to and let it refuse a smaller one, or look at ``HeldLock/isHeld`` where that is all you can do.
    ///
    /// - Parameters:
    ///   - key: 1 to 256 bytes without control characters, spaces or braces.
    ///   - ttl: how long the lock stays taken when this process dies; 100 milliseconds to an hour.
    ///   - wait: how long to wait in line; at most a minute.
    ///   - ownerLabel: tells others who holds it; not a secret.
    ///   - body: runs in a child task of the caller's.
    /// - Returns: what `body` returned, with the lock held all the while.
    /// - Throws: ``ChatClientError`` with reason `NOT_ACQUIRED` (someone else holds it; `body` did not run) or `LOST`
    /// (`body` ran,
    ///   and may not have been alone); other ``ChatClientError``s when it could not be asked for; else what `body`
    /// throws.
    public func withLock<R: Sendable>(
        _ key: String, ttl: Duration = .seconds(10), wait: Duration = .zero, ownerLabel: String = "",
        options: ChatCallOptions = ChatCallOptions(), _ body: @escaping @Sendable (HeldLock) async throws -> R
    ) async throws -> R {
        let token = LockToken()
        let lock: HeldLock
        do throws(ChatClientError) {
            lock = HeldLock(
                try await acquireLock(
                    key, ttl: ttl, wait: wait, ownerLabel: ownerLabel, token: token, options: options))
        } catch {
            // Without an answer the lease may exist, and would keep others out until it ends.
            if error.code == .cancelled || error.code == .deadlineExceeded || error.code == .unavailable {
                await giveUp(key, token)
            }
            throw error
        }
        switch await run(body, with: lock, ttl: ttl, renewsAtOnce: wait > .zero) {
        case .returned(let result):
            if let error = await release(lock), error.isLost { throw error }
            return result
        case .failed(let error):
            _ = await release(lock)
            throw error
        case .lost(let error):
            throw error
        }
    }

    private func run<R: Sendable>(
        _ body: @escaping @Sendable (HeldLock) async throws -> R, with lock: HeldLock, ttl: Duration, renewsAtOnce: Bool
    ) async -> LockedWork<R> {
        await withTaskGroup(of: LockedWork<R>?.self) { group in
            group.addTask {
                do { return .returned(try await body(lock)) } catch { return .failed(error) }
            }
            group.addTask { await self.keepRenewing(lock, ttl: ttl, at: renewsAtOnce ? .now : .now + ttl / 3) }
            var outcome: LockedWork<R>?
            // Nil is a renewal that ended because the work did, or because the caller was cancelled: the work decides
            // then.
            for await first in group where outcome == nil && first != nil {
                outcome = first
                group.cancelAll()
            }
            guard let outcome else { preconditionFailure("the work always has an outcome") }
            return outcome
        }
    }

    /// Renews until the lease is lost or the task is cancelled (nil).
    private func keepRenewing<R: Sendable>(
        _ lock: HeldLock, ttl: Duration, at first: ContinuousClock.Instant
    ) async -> LockedWork<R>? {
        var next = first
        while true {
            do { try await rpc.sleep(until: next) } catch { return nil }
            let askedAt = ContinuousClock.now
            let remaining = lock.expiresAt - askedAt
            guard remaining > .zero else { return .lost(expired(lock)) }
            do throws(ChatClientError) {
                let lease = try await renewLock(
                    lock.key, token: lock.token, ttl: ttl, options: ChatCallOptions(timeout: remaining))
                lock.renewed(until: lease.expiresAt)
                next = askedAt + ttl / 3
            } catch {
                if error.isLost {
                    lock.ended()
                    return .lost(error)
                }
                if error.code == .cancelled, error.reason.isEmpty { return nil }
                // No answer: as long as the lease lives, it may still be renewed.
                next = min(.now + ttl / Self.renewalRetriesPerTTL, lock.expiresAt)
            }
        }
    }

    /// How often a failed renewal is tried again within a time to live.
    private static let renewalRetriesPerTTL = 10

    private func expired(_ lock: HeldLock) -> ChatClientError {
        ChatClientError(
            .failedPrecondition, "the lease on this key could not be renewed in time",
            reason: ChatClientError.Reason.lost, info: ["fence": String(lock.fence)])
    }

    /// Releases; the error is nil where the lock was held until now, as far as anyone can tell.
    private func release(_ lock: HeldLock) async -> ChatClientError? {
        lock.ended()
        // A release without an answer is settled by the lease's end.
        return await uncancelled { [self] () -> ChatClientError? in
            do throws(ChatClientError) {
                try await releaseLock(
                    lock.key, token: lock.token, options: ChatCallOptions(timeout: Self.releaseTimeout))
                return nil
            } catch {
                return error
            }
        }
    }

    private func giveUp(_ key: String, _ token: LockToken) async {
        await uncancelled { [self] in
            try? await releaseLock(key, token: token, options: ChatCallOptions(timeout: Self.giveUpTimeout))
        }
    }

    /// How long the caller waits for the release's answer; the lease ends by itself if none comes.
    private static let releaseTimeout = Duration.seconds(5)
    /// The same where the caller has been cancelled, or no server answers.
    private static let giveUpTimeout = Duration.seconds(1)
}

/// How work under a lock ended.
private enum LockedWork<R: Sendable>: Sendable {
    case returned(R)
    case failed(any Error)
    case lost(ChatClientError)
}
