// The in-memory parts are bounded: every limit is named in the error that it causes, and what ends gives its room back.

import EngineConformance
import Testing

@testable import ChatEngine

@Suite("In-memory limits")
struct InMemoryLimitTests {
    private func limit(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? EngineError).flatMap { $0.kind == .resourceExhausted ? $0.details["limit"] : nil }
        }
    }

    private func key(_ name: String) -> LockKey { LockKey(.service, owner: "o", name: name) }

    @Test("locks, waiters and waiters of one lock")
    func locks() async throws {
        var limits = InMemoryLockLimits()
        limits.locksMax = 2
        limits.waitersMax = 2
        limits.waitersPerLockMax = 1
        limits.locksKeptForSessions = 0
        limits.waitersKeptForSessions = 0
        let harness = InMemoryHarness(lockLimits: limits)
        func request(_ name: String, _ token: String, wait: Bool = false) -> LockRequest {
            LockRequest(
                key: key(name), token: LockToken(token), timeToLive: .seconds(10),
                waitDeadline: wait ? harness.now + .seconds(60) : nil)
        }
        _ = try await harness.locks.acquire(request("a", "1"))
        _ = try await harness.locks.acquire(request("b", "1"))
        #expect(await limit { _ = try await harness.locks.acquire(request("c", "1")) } == "locksMax")

        let waiter = Task { try await harness.locks.acquire(request("a", "2", wait: true)) }
        while try await harness.locks.inspect(key("a"))?.waiters != 1 { await Task.yield() }
        #expect(
            await limit { _ = try await harness.locks.acquire(request("a", "3", wait: true)) } == "waitersPerLockMax")
        waiter.cancel()
        _ = try? await waiter.value

        // Expired locks that nobody asks about make room.
        harness.clock.advance(by: .seconds(11))
        for name in ["c", "d"] { _ = try await harness.locks.acquire(request(name, "1")) }
        #expect(harness.lockManager.count == 2)
    }

    @Test("callers' own locks and waiters leave room to those of sessions")
    func locksKeptForSessions() {
        var limits = InMemoryLockLimits()
        (limits.locksMax, limits.locksKeptForSessions) = (6, 2)
        (limits.waitersMax, limits.waitersKeptForSessions) = (3, 1)
        var table = LockTable(limits: limits)
        let time = LockTable.Time(now: ContinuousClock().now, wallMicroseconds: 1)
        var effects: [LockTable.Effect] = []
        func acquire(_ kind: LockKey.Kind, _ name: String, _ token: String) -> LockTable.Acquisition {
            let request = LockRequest(
                key: LockKey(kind, owner: "o", name: name), token: LockToken(token), timeToLive: .seconds(10),
                waitDeadline: time.now + .seconds(60))
            return table.acquire(request, waiter: UInt64(token) ?? 0, at: time, effects: &effects)
        }
        func isRefused(_ acquisition: LockTable.Acquisition) -> Bool {
            if case .refused(let error) = acquisition { error.kind == .resourceExhausted } else { false }
        }
        for name in ["a", "b", "c", "d"] { #expect(!isRefused(acquire(.service, name, "1"))) }
        #expect(isRefused(acquire(.service, "e", "1")))
        for name in ["a", "b"] { #expect(!isRefused(acquire(.session, name, "1"))) }
        #expect(isRefused(acquire(.session, "c", "1")))

        for token in ["2", "3"] { #expect(acquire(.service, "a", token) == .queued) }
        #expect(isRefused(acquire(.service, "b", "2")))
        #expect(acquire(.session, "a", "4") == .queued)
        #expect(isRefused(acquire(.session, "a", "5")))

        // What is given back can be taken again, by its kind.
        let key = LockKey(.service, owner: "o", name: "d")
        let released = table.release(key, token: LockToken("1"), at: time, effects: &effects)
        #expect(released)
        #expect(isRefused(acquire(.session, "a", "6")))
        #expect(!isRefused(acquire(.service, "e", "1")))
        let left = table.leave(LockKey(.service, owner: "o", name: "a"), waiter: 2)
        #expect(left)
        #expect(acquire(.service, "b", "2") == .queued)
    }

    @Test("a wake that was replaced or whose line is gone does nothing, and none is far ahead")
    func staleWakes() {
        var table = LockTable(limits: InMemoryLockLimits())
        let start = ContinuousClock().now
        var effects: [LockTable.Effect] = []
        func acquire(_ token: String, after seconds: Int) -> LockTable.Acquisition {
            let time = LockTable.Time(now: start + .seconds(seconds), wallMicroseconds: 1)
            let request = LockRequest(
                key: key("k"), token: LockToken(token), timeToLive: .seconds(3600),
                waitDeadline: time.now + .seconds(7200))
            return table.acquire(request, waiter: UInt64(token) ?? 0, at: time, effects: &effects)
        }
        _ = acquire("1", after: 0)
        #expect(acquire("2", after: 0) == .queued)
        #expect(effects == [.changed(key("k")), .wake(key("k"), at: start + .seconds(10))])

        // The record goes, and a new one has a wake of its own.
        let time = LockTable.Time(now: start + .seconds(1), wallMicroseconds: 1)
        let left = table.leave(key("k"), waiter: 2)
        let released = table.release(key("k"), token: LockToken("1"), at: time, effects: &effects)
        #expect(left && released)
        effects = []
        _ = acquire("3", after: 2)
        #expect(acquire("4", after: 2) == .queued)
        #expect(effects == [.changed(key("k")), .wake(key("k"), at: start + .seconds(12))])
        effects = []
        let wakeTime = LockTable.Time(now: start + .seconds(10), wallMicroseconds: 1)
        table.wake(key("k"), armedFor: start + .seconds(10), at: wakeTime, effects: &effects)
        #expect(effects.isEmpty)
        let secondTime = LockTable.Time(now: start + .seconds(12), wallMicroseconds: 1)
        table.wake(key("k"), armedFor: start + .seconds(12), at: secondTime, effects: &effects)
        #expect(effects == [.wake(key("k"), at: start + .seconds(22))])
    }

    @Test("a full store is noticed before the model is asked")
    func fullBeforeModel() async throws {
        var limits = InMemoryStoreLimits()
        limits.sessionsMax = 1
        limits.messagesPerSessionMax = 3
        let harness = InMemoryHarness(storeLimits: limits)
        let asked = Guarded(0)
        let model = ClosureModel { _, emit in
            asked.withLock { $0 += 1 }
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let engine = ChatEngine(store: harness.store, locks: harness.locks, model: model, clock: harness.clock)
        func turn(_ session: String) async throws {
            _ = try await engine.runTurn(.test("q", session: session), cancel: {}) { _ in }
        }
        try await turn("s0")
        #expect(await limit { try await turn("s1") } == "sessionsMax")
        #expect(await limit { try await turn("s0") } == "messagesPerSessionMax")
        #expect(asked.value == 1)
        // An expired session does not count.
        harness.clock.advance(by: .seconds(31 * 24 * 60 * 60))
        try await turn("s1")
        #expect(asked.value == 2)
    }

    @Test("labels count as bytes")
    func labels() async throws {
        var limits = InMemoryStoreLimits()
        limits.bytesMax = 5_000
        let harness = InMemoryHarness(storeLimits: limits)
        let engine = ChatEngine(
            store: harness.store, locks: harness.locks, model: ClosureModel.saying("a"), clock: harness.clock)
        _ = try await engine.runTurn(.test("q", session: "s"), cancel: {}) { _ in }
        let before = harness.sessionStore.byteCount
        let long = SessionChange(labels: ["a": String(repeating: "x", count: 5_000)])
        #expect(
            await limit { _ = try await harness.store.updateSession(owner: "o", id: "s", change: long) } == "bytesMax")
        #expect(harness.sessionStore.byteCount == before)
    }

    @Test("a turn id that is used again after a day takes the place of the former turn")
    func reusedTurnID() throws {
        var table = SessionTable(limits: InMemoryStoreLimits())
        let key = SessionTable.SessionKey(owner: "o", id: "s")
        let day: Int64 = 24 * 60 * 60 * 1_000_000
        var generation: UInt64?
        var bytes = 0
        for index in 0..<3 {
            let wall = 1 + Int64(index) * (day + 1)
            let turn = StoredTurn(
                id: "t", requestHash: RequestHash(high: 0, low: 0), text: "", model: "", finishReason: .stop,
                usage: TokenUsage(), toolRuns: [], finishedAtMicroseconds: wall)
            let append = TurnAppend(
                owner: "o", sessionID: "s", userID: "", title: "", lockKey: self.key("s"), lockToken: LockToken("t"),
                generation: generation, messages: [], turn: turn, idleLifetime: nil)
            guard case .appended(let session, _) = try table.append(append, at: wall, lockIsHeld: { true }) else {
                Issue.record("turn \(index) was not appended")
                return
            }
            generation = session.generation
            let record = try #require(table.record(key, at: wall))
            #expect(Array(record.turnOrder) == ["t"] && record.turns.count == 1)
            if index == 0 { bytes = table.bytes }
            #expect(table.bytes == bytes && record.byteCount == bytes)
        }
    }

    @Test("sessions and bytes; deleting and expiring give them back")
    func store() async throws {
        var limits = InMemoryStoreLimits()
        limits.sessionsMax = 3
        limits.bytesMax = 20_000
        let harness = InMemoryHarness(storeLimits: limits)
        let engine = ChatEngine(
            store: harness.store, locks: harness.locks, model: ClosureModel.saying("a"), clock: harness.clock)
        func turn(_ session: String, _ message: String = "q") async throws {
            _ = try await engine.runTurn(.test(message, session: session), cancel: {}) { _ in }
        }
        for index in 0..<3 { try await turn("s\(index)") }
        #expect(await limit { try await turn("s3") } == "sessionsMax")
        _ = try await engine.deleteSession(owner: "o", id: "s0")
        try await turn("s3")
        #expect(await limit { try await turn("s3", String(repeating: "x", count: 20_000)) } == "bytesMax")

        for index in 1..<4 { _ = try await engine.deleteSession(owner: "o", id: "s\(index)") }
        #expect(harness.sessionStore.byteCount == 0 && harness.sessionStore.sessionCount == 0)

        for index in 0..<3 { try await turn("s\(index)") }
        harness.clock.advance(by: .seconds(31 * 24 * 60 * 60))
        #expect(try await engine.removeExpiredSessions(limit: 2) == ExpiryStep(removed: 2, hasMore: true))
        #expect(try await engine.removeExpiredSessions(limit: 2) == ExpiryStep(removed: 1, hasMore: false))
        #expect(harness.sessionStore.byteCount == 0 && harness.sessionStore.sessionCount == 0)
    }

    @Test("old turn ids are forgotten as new ones come, so that they do not pile up")
    func turnsAreForgotten() async throws {
        let harness = InMemoryHarness()
        let engine = ChatEngine(
            store: harness.store, locks: harness.locks, model: ClosureModel.saying("a"), clock: harness.clock)
        var table = SessionTable(limits: InMemoryStoreLimits())
        _ = engine
        let day: Int64 = 24 * 60 * 60 * 1_000_000
        var generation: UInt64?
        for index in 0..<20 {
            let wall = Int64(index / 10) * day + Int64(index)
            let turn = StoredTurn(
                id: "t\(index)", requestHash: RequestHash(high: 0, low: 0), text: "", model: "", finishReason: .stop,
                usage: TokenUsage(), toolRuns: [], finishedAtMicroseconds: wall)
            let append = TurnAppend(
                owner: "o", sessionID: "s", userID: "", title: "", lockKey: key("s"), lockToken: LockToken("t"),
                generation: generation, messages: [], turn: turn, idleLifetime: nil)
            guard case .appended(let session, _) = try table.append(append, at: wall, lockIsHeld: { true }) else {
                Issue.record("turn \(index) was not appended")
                return
            }
            generation = session.generation
        }
        let record = try #require(table.record(SessionTable.SessionKey(owner: "o", id: "s"), at: day))
        #expect(record.turns.count <= 11 && record.turns.count == record.turnOrder.count)
    }

    @Test("the activity log finds every live entry in order after any touches and removals", arguments: UInt64(1)...20)
    func activityLog(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var log = ActivityLog<Int>()
        var live: [Int: Int64] = [:]
        var position: Int64 = 0
        for _ in 0..<2_000 {
            let key = Int.random(in: 0..<50, using: &random)
            let existed = live[key] != nil
            if existed, Int.random(in: 0..<4, using: &random) == 0 {
                live[key] = nil
            } else {
                position += Int64.random(in: 1...5, using: &random)
                live[key] = position
            }
            if existed { log.markStale { live[$0.key] == $0.position } }
            if let place = live[key] { log.append(position: place, key: key) }
            #expect(log.liveCount == live.count)
        }
        let bound = Int64.random(in: 0...position, using: &random)
        for before in [nil, bound] {
            var found: [Int64] = []
            log.forEachNewestFirst(before: before, isLive: { live[$0.key] == $0.position }) {
                found.append($0.position)
                return true
            }
            let expected = live.values.filter { $0 < (before ?? .max) }.sorted(by: >)
            #expect(found == expected)
        }
        #expect(log.oldest { live[$0.key] == $0.position }?.position == live.values.min())
    }

    @Test("fences grow although the system's clock goes back")
    func fencesWithoutClock() async throws {
        let harness = InMemoryHarness()
        var last: UInt64 = 0
        for index in 0..<4 {
            let token = LockToken("t\(index)")
            let lease = try await harness.locks.acquire(
                LockRequest(key: key("k\(index % 2)"), token: token, timeToLive: .seconds(1)))
            #expect(lease.fence > last)
            last = lease.fence
            harness.clock.jumpWall(by: .seconds(-3600))
            try await harness.locks.release(lease.key, token: token)
        }
    }
}
