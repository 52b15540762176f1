// What every lock manager keeps: the contract of `LockManager`, case by case.

internal import ChatEngine

/// The suite for lock managers. Keys and tokens are the suite's own; each case wants a fresh harness.
public enum LockManagerConformance {
    /// Every promise.
    public static let cases: [ConformanceCase<any LockHarness>] = leaseCases + waitingCases + keepingCases

    static let key = LockKey(.service, owner: "owner", name: "key")
    static let first = LockToken("first-token-0001")
    static let second = LockToken("second-token-002")
    static let third = LockToken("third-token-0003")
    static let timeToLive: Duration = .seconds(1)

    static func request(
        _ token: LockToken, key: LockKey = key, timeToLive: Duration = timeToLive,
        until deadline: ContinuousClock.Instant? = nil, label: String = ""
    ) -> LockRequest {
        LockRequest(key: key, token: token, timeToLive: timeToLive, waitDeadline: deadline, ownerLabel: label)
    }

    // MARK: Leases

    private static let leaseCases: [ConformanceCase<any LockHarness>] = [
        ConformanceCase("a free lock is granted with the caller's token, and only once") { harness in
            let lease = try await harness.locks.acquire(request(first))
            try check(lease.token == first && lease.key == key, "the lease carries the caller's key and token")
            try check(lease.validUntil <= harness.now + timeToLive, "a lease is not valid longer than its time to live")
            try await checkThrows(.lockNotAcquired, "a held lock is refused") {
                _ = try await harness.locks.acquire(request(second))
            }
        },
        ConformanceCase("acquiring again with the holder's token returns the same fence and renews") { harness in
            let lease = try await harness.locks.acquire(request(first))
            await harness.advance(by: timeToLive * 0.6)
            let again = try await harness.locks.acquire(request(first))
            try check(again.fence == lease.fence, "the fence stays")
            await harness.advance(by: timeToLive * 0.6)
            let renewed = try await harness.locks.renew(key, token: first, timeToLive: timeToLive)
            try check(renewed.fence == lease.fence, "the second acquire had renewed the lease")
        },
        ConformanceCase("fences only grow, over release, expiry and force") { harness in
            var last: UInt64 = 0
            for round in 0..<9 {
                let token = LockToken("round-token-000\(round)")
                let lease = try await harness.locks.acquire(request(token))
                try check(lease.fence > last, "fence \(lease.fence) follows \(last)")
                last = lease.fence
                switch round % 3 {
                case 0: try await harness.locks.release(key, token: token)
                case 1: await harness.advance(by: timeToLive * 1.1)
                default: _ = try await harness.locks.forceRelease(key, fence: lease.fence)
                }
            }
        },
        ConformanceCase("release gives back once, and only by the holder's token") { harness in
            _ = try await harness.locks.acquire(request(first))
            try check(try await !harness.locks.release(key, token: second), "another token releases nothing")
            try check(try await harness.locks.release(key, token: first), "the holder releases")
            try check(try await !harness.locks.release(key, token: first), "a repeated release says so")
            _ = try await harness.locks.acquire(request(second))
        },
        ConformanceCase("release works in a cancelled task") { harness in
            _ = try await harness.locks.acquire(request(first))
            let released = try await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await harness.locks.release(key, token: first)
            }.value
            try check(released, "the lock was released")
        },
        ConformanceCase("an expired lease is lost to renew and release, though nobody took the lock") { harness in
            _ = try await harness.locks.acquire(request(first))
            await harness.advance(by: timeToLive * 1.1)
            try await checkThrows(.lockLost, "an expired lease is not renewed") {
                _ = try await harness.locks.renew(key, token: first, timeToLive: timeToLive)
            }
            try check(try await !harness.locks.release(key, token: first), "an expired lease is not released")
            try check(try await harness.locks.inspect(key) == nil, "an expired lease is not shown")
        },
        ConformanceCase("renew makes the lease last from now, with the time to live it names") { harness in
            _ = try await harness.locks.acquire(request(first))
            await harness.advance(by: timeToLive * 0.5)
            _ = try await harness.locks.renew(key, token: first, timeToLive: timeToLive * 3)
            await harness.advance(by: timeToLive * 2)
            try await checkThrows(.lockNotAcquired, "the renewed lease lasts") {
                _ = try await harness.locks.acquire(request(second))
            }
        },
        ConformanceCase("inspect shows fence, label and time without the token") { harness in
            try check(try await harness.locks.inspect(key) == nil, "a free lock has no status")
            let lease = try await harness.locks.acquire(request(first, label: "worker 7"))
            let status = try require(try await harness.locks.inspect(key), "a held lock has a status")
            try check(status.fence == lease.fence && status.ownerLabel == "worker 7", "the status is the lease's")
            try check(status.remaining > .zero && status.remaining <= timeToLive, "some of the time is left")
            try check(status.acquiredAtMicroseconds > 0 && status.waiters == 0, "nobody waits")
        },
        ConformanceCase("force takes the lock from the lease with that fence, and from no later one") { harness in
            let lease = try await harness.locks.acquire(request(first, label: "worker"))
            try check(
                try await harness.locks.forceRelease(key, fence: lease.fence + 1) == nil, "another fence does nothing")
            let status = try await harness.locks.forceRelease(key, fence: lease.fence)
            try check(status?.ownerLabel == "worker" && status?.fence == lease.fence, "its fence releases it")
            try await checkThrows(.lockLost, "the former holder has lost it") {
                _ = try await harness.locks.renew(key, token: first, timeToLive: timeToLive)
            }
            _ = try await harness.locks.acquire(request(second))
            try check(
                try await harness.locks.forceRelease(key, fence: lease.fence) == nil, "the old fence does nothing now")
        },
        ConformanceCase("kinds and owners have locks of their own under one name") { harness in
            let keys = [
                LockKey(.service, owner: "a", name: "n"), LockKey(.session, owner: "a", name: "n"),
                LockKey(.service, owner: "b", name: "n"),
            ]
            for key in keys { _ = try await harness.locks.acquire(request(first, key: key)) }
            for key in keys {
                try check(try await harness.locks.release(key, token: first), "each was held on its own")
            }
        },
    ]
}
