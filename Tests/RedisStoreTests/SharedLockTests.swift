// Locks of several replicas on one Redis: who hears what and how soon, and what a Redis that was restarted may grant.

import ChatEngine
import EngineConformance
import Glibc
import IOLoop
import RedisSupport
import Testing

@testable import RedisStore

@Suite("Locks of several replicas", .serialized, .timeLimit(.minutes(1)))
struct SharedLockTests {
    private static let key = LockKey(.service, owner: "", name: "n")
    private static let long = Duration.seconds(60)
    /// Far below every timer that would tell the same.
    private static let soon = Duration.milliseconds(500)

    private static func request(
        _ token: LockToken = .random(), key: LockKey = key, timeToLive: Duration = long,
        until deadline: ContinuousClock.Instant? = nil, label: String = ""
    ) -> LockRequest {
        LockRequest(key: key, token: token, timeToLive: timeToLive, waitDeadline: deadline, ownerLabel: label)
    }

    /// Two replicas on one Redis.
    private static func withTwo(_ body: (RedisHarness, RedisHarness) async throws -> Void) async throws {
        let one = try await RedisHarness.open()
        let two = try await RedisHarness.open(cacheKey: one.cacheKey)
        do {
            try await body(one, two)
        } catch {
            await one.opened.close()
            await two.opened.close()
            throw error
        }
        await one.opened.close()
        await two.opened.close()
    }

    @Test("the next in line of another replica gets the lock as soon as it is released")
    func releaseIsHeard() async throws {
        try await Self.withTwo { one, two in
            let lease = try await one.locks.acquire(Self.request())
            let waiting = Task { try await two.locks.acquire(Self.request(until: .now + Self.long)) }
            try await two.eventually("it stands in line") { try await two.locks.inspect(Self.key)?.waiters == 1 }
            // Whoever joins tries, then hears: give it the time to be refused.
            try await two.eventually("it listens") { two.opened.channelCount == 1 }
            let start = ContinuousClock.now
            #expect(try await one.locks.release(Self.key, token: lease.token))
            #expect(try await waiting.value.fence > lease.fence)
            #expect(ContinuousClock.now - start < Self.soon)
            try await two.eventually("nobody listens any more") { two.opened.channelCount == 0 }
        }
    }

    @Test("a holder hears at once that another replica forced its lock, or released it with its token")
    func lossIsHeard() async throws {
        try await Self.withTwo { one, two in
            for forced in [true, false] {
                let lease = try await one.locks.acquire(Self.request())
                let events = Guarded<[LeaseEvent]>([])
                let keeper = one.locks.keepAlive(lease) { event in events.withLock { $0.append(event) } }
                try await one.eventually("it listens, and looked whether it still holds") { !events.value.isEmpty }
                let start = ContinuousClock.now
                if forced {
                    _ = try await two.locks.forceRelease(Self.key, fence: lease.fence)
                } else {
                    try await two.locks.release(Self.key, token: lease.token)
                }
                try await one.eventually("it is told") { events.value.last == .lost(forced ? .forced : .released) }
                #expect(ContinuousClock.now - start < Self.soon)
                keeper.stop()
            }
        }
    }

    @Test("a lease that nobody renews ends for those of other replicas who wait, without any message")
    func expiryIsNoticed() async throws {
        try await Self.withTwo { one, two in
            let lease = try await one.locks.acquire(Self.request(timeToLive: .milliseconds(400)))
            let next = try await two.locks.acquire(Self.request(until: .now + Self.long))
            #expect(next.fence > lease.fence)
            #expect(ContinuousClock.now >= lease.validUntil, "it was granted while the other one held it")
            #expect(ContinuousClock.now - lease.validUntil < RedisLockLimits.retryMax)
        }
    }

    @Test("at most one of many in two replicas holds the lock, and all of them come to it")
    func exclusion() async throws {
        try await Self.withTwo { one, two in
            let inside = Guarded((now: 0, most: 0, total: 0, lastFence: UInt64(0), ordered: true))
            try await withThrowingTaskGroup { group in
                for index in 0..<40 {
                    let replica = index % 2 == 0 ? one : two
                    group.addTask {
                        for _ in 0..<5 {
                            let token = LockToken.random()
                            let lease = try await replica.locks.acquire(
                                Self.request(token, until: .now + .seconds(50)))
                            inside.withLock { state in
                                state.now += 1
                                state.most = max(state.most, state.now)
                                state.total += 1
                                state.ordered = state.ordered && lease.fence > state.lastFence
                                state.lastFence = lease.fence
                            }
                            await Task.yield()
                            inside.withLock { $0.now -= 1 }
                            try await replica.locks.release(Self.key, token: token)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let result = inside.value
            #expect(result.most == 1 && result.total == 200 && result.ordered, "\(result)")
        }
    }

    @Test("a call that is given up does not take the lock from its repetition in another replica")
    func repeatedElsewhere() async throws {
        try await Self.withTwo { one, two in
            for round in 0..<100 {
                let first = try await two.locks.acquire(Self.request())
                let token = LockToken.random()
                let givenUp = Task { try await one.locks.acquire(Self.request(token, until: .now + Self.long)) }
                if round % 2 == 0 {
                    try await one.eventually("it waits") { try await one.locks.inspect(Self.key)?.waiters == 1 }
                }
                async let released = two.locks.release(first)
                givenUp.cancel()
                let lease = try await two.locks.acquire(Self.request(token, until: .now + Self.long))
                #expect(try await released)
                if let early = try? await givenUp.value { #expect(early.fence == lease.fence) }
                // What the first call left behind has come to Redis by then: it has one connection for each loop.
                for _ in 0..<3 { _ = try await one.locks.inspect(Self.key) }
                _ = try await two.locks.renew(Self.key, token: token, timeToLive: Self.long)
                #expect(try await two.locks.release(lease), "round \(round)")
            }
        }
    }

    @Test("a lease is given back by the latest of the calls that acquired it, and by no earlier one")
    func claims() async throws {
        try await Self.withTwo { one, two in
            let token = LockToken.random()
            let early = try await one.locks.acquire(Self.request(token))
            let late = try await two.locks.acquire(Self.request(token))
            #expect(early.fence == late.fence && early.claim == 1 && late.claim == 2)
            #expect(try await !one.locks.release(early))
            #expect(try await one.locks.inspect(Self.key)?.fence == late.fence)
            #expect(try await two.locks.release(late))
            #expect(try await one.locks.inspect(Self.key) == nil)
        }
    }

    @Test("fences grow over a Redis that lost everything while it ran")
    func fencesAfterLoss() async throws {
        let server = try await RedisProcess.start()
        let harness = try await RedisHarness.open(server)
        var last: UInt64 = 0
        for _ in 0..<5 {
            let lease = try await harness.locks.acquire(Self.request())
            #expect(lease.fence > last)
            last = lease.fence
            try await harness.ask("FLUSHALL")
        }
        await harness.opened.close()
        try await server.stop()
    }

    @Test(
        "after a restart nothing is granted until old leases are over, while sessions go on", arguments: [false, true])
    func restart(keepsData: Bool) async throws {
        let server = try await RedisProcess.start(
            keepsData ? ["--appendonly", "yes", "--appendfsync", "always"] : [])
        let leaseMax = Duration.seconds(2)
        let harness = try await RedisHarness.open(server) { $0.lockLimits.serviceLeaseMax = leaseMax }
        let before = try await harness.locks.acquire(Self.request(timeToLive: leaseMax))
        try await server.kill()
        try await server.restart()
        try await harness.eventually("it serves again") { try await harness.isServed() }
        let restarted = ContinuousClock.now
        // One that starts only now is told by the one that was there, or by what Redis kept.
        let late = try await RedisHarness.open(server, cacheKey: harness.cacheKey) {
            $0.lockLimits.serviceLeaseMax = leaseMax
        }
        for replica in [harness, late] {
            let error = await #expect(throws: EngineError.self) {
                _ = try await replica.locks.acquire(Self.request(key: LockKey(.service, owner: "", name: "other")))
            }
            #expect(error?.kind == .unavailable && error?.reason == "LOCKS_RECOVERING", "\(String(describing: error))")
            #expect(error?.retryAfter.map { $0 <= leaseMax } == true)
        }
        if keepsData {
            // Its own lease is no new one.
            #expect(try await harness.locks.acquire(Self.request(before.token)).fence == before.fence)
            #expect(try await harness.locks.release(Self.key, token: before.token))
        }
        _ = try await harness.append("t1")
        let after = try await Self.acquireWhenAllowed(harness)
        #expect(after.fence > before.fence)
        #expect(ContinuousClock.now >= before.validUntil, "the lease of before may run")
        #expect(ContinuousClock.now - restarted < leaseMax + .seconds(2))
        await harness.opened.close()
        await late.opened.close()
        try await server.stop()
    }

    private static func acquireWhenAllowed(_ harness: RedisHarness) async throws -> LockLease {
        for _ in 0..<100 {
            do {
                return try await harness.locks.acquire(request())
            } catch let error as EngineError where error.reason == "LOCKS_RECOVERING" {
                await harness.advance(by: error.retryAfter ?? .zero)
            }
        }
        throw RedisHarness.NeverCame(what: "a grant")
    }

    @Test("a request that waited for the connection to a restarted Redis is not granted by it")
    func heldOverRestart() async throws {
        let server = try await RedisProcess.start()
        let harness = try await RedisHarness.open(server) { $0.lockLimits.serviceLeaseMax = .seconds(30) }
        _ = try await harness.locks.acquire(Self.request())
        try await harness.ask("FLUSHALL")
        try await server.kill()
        try await server.restart()
        // Whenever a connection comes about, requests are waiting for it.
        let granted = Guarded(0)
        try await withThrowingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    for round in 0..<2000 {
                        let key = LockKey(.service, owner: "", name: "w\(worker)-\(round)")
                        do {
                            _ = try await harness.locks.acquire(Self.request(key: key))
                            granted.withLock { $0 += 1 }
                        } catch let error as EngineError {
                            if error.reason == "LOCKS_RECOVERING" { return }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(granted.value == 0)
        await harness.opened.close()
        try await server.stop()
    }

    @Test("who met a Redis that lost everything first stops to grant when another one says what it knows")
    func lateKnowledge() async throws {
        let server = try await RedisProcess.start()
        let mark = LockRecovery(key: "elsewhere:server1", leaseMax: .seconds(30))
        let newcomer = try await RedisHarness.open(server, cacheKey: "elsewhere") {
            $0.lockLimits.serviceLeaseMax = .seconds(30)
        }
        _ = try await newcomer.locks.acquire(Self.request())
        // Another replica that was served by another server before.
        let other = try RedisAddress("redis://127.0.0.1:\(server.port)")
        try await LoopActor(RedisHarness.loops[0]).run { actor in
            let client = RedisClient(RedisClientOptions(address: other), on: actor.loop)
            let connection = try await client.openAnother()
            try await mark.meet(RedisServer(info: "run_id:before\r\nrole:master\r\n"), on: connection)
            try await mark.meet(try await connection.describeServer(), on: connection)
            connection.close()
        }
        try await newcomer.eventually("it is quiet") {
            let key = LockKey(.service, owner: "", name: Identifier.random())
            do {
                _ = try await newcomer.locks.acquire(Self.request(key: key))
                return false
            } catch let error as EngineError { return error.reason == "LOCKS_RECOVERING" }
        }
        await newcomer.opened.close()
        try await server.stop()
    }

    @Test("a server that forgets when it was promoted has forgotten nothing else")
    func forgottenPromotion() {
        func server(_ former: String) -> RedisServer {
            RedisServer(info: "run_id:abc\r\nmaster_replid:def\r\nmaster_replid2:\(former)\r\nrole:master\r\n")
        }
        let promoted = server("123")
        let later = server("000")
        #expect(promoted.identity != later.identity)
        #expect(later.continues(promoted.identity) && later.continues(later.identity))
        #expect(!promoted.continues(later.identity))
    }

    @Test("a holder that cannot reach Redis is told when its lease ends, and those in line at once")
    func away() async throws {
        let server = try await RedisProcess.start()
        let harness = try await RedisHarness.open(server)
        let lease = try await harness.locks.acquire(Self.request(timeToLive: .seconds(1)))
        let events = Guarded<[LeaseEvent]>([])
        let keeper = harness.locks.keepAlive(lease) { event in events.withLock { $0.append(event) } }
        let waiting = Task { () -> (EngineError?, ContinuousClock.Instant) in
            do {
                _ = try await harness.locks.acquire(Self.request(until: .now + Self.long))
                return (nil, .now)
            } catch { return (error as? EngineError, .now) }
        }
        try await harness.eventually("it stands in line") { try await harness.locks.inspect(Self.key)?.waiters == 1 }
        let start = ContinuousClock.now
        try await server.kill()
        let (error, end) = await waiting.value
        #expect(error?.kind == .unavailable || error?.kind == .outcomeUnknown, "\(String(describing: error))")
        #expect(end - start < Self.soon, "it took \(end - start)")
        try await harness.eventually("the holder is told") { events.value.last == .lost(.unreachable) }
        keeper.stop()
        await harness.opened.close()
        try await server.restart()
        try await server.stop()
    }
}
