// Removing in small steps: long sessions, turns and leases whose time is over, and what keeps a session alive.

import ChatEngine
import EngineConformance
import Testing

@testable import SQLiteStore

@Suite("Removing in small steps", .timeLimit(.minutes(1)))
struct RemovalTests {
    private func rows(_ store: SQLiteHarness) throws -> Int64 {
        try store.number("SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM turn)")
    }

    private func sweep(_ store: SQLiteHarness) async throws -> (steps: Int, removed: Int) {
        var (steps, removed) = (0, 0)
        while true {
            let before = try rows(store)
            let step = try await store.store.removeExpiredSessions(limit: 100)
            let taken = before - (try rows(store))
            #expect(taken <= StoreConnection.removedRowsMax, "a step takes \(taken) rows")
            steps += 1
            removed += step.removed
            if !step.hasMore { return (steps, removed) }
        }
    }

    @Test("a long session is gone at once, and its rows a step at a time")
    func longSession() async throws {
        let store = try SQLiteHarness()
        for index in 0..<700 { try await store.append("t\(index)") }
        try await store.append("other", session: "s2")
        #expect(try await store.store.deleteSession(owner: "o", id: "s"))
        #expect(try await store.store.session(owner: "o", id: "s") == nil)
        #expect(try rows(store) == 703 * 2 + 701 - 4, "the rows are still there")
        try await store.append("new")
        #expect(try await store.texts() == ["q", "a"], "a new session of that id is another one")
        let sweep = try await sweep(store)
        #expect(sweep.steps >= 5 && sweep.removed == 0)
        #expect(try rows(store) == 6)
        #expect(try store.number("SELECT count(*) FROM removed_session") == 0)
        #expect(try await store.texts(session: "s2") == ["q", "a"])
        await store.opened.close()
    }

    @Test("expired sessions go with all that belongs to them")
    func expired() async throws {
        let store = try SQLiteHarness()
        for index in 0..<250 { try await store.append("t", session: "s\(index)", idleLifetime: .seconds(10)) }
        try await store.append("t", session: "kept")
        store.clock.advance(by: .seconds(11))
        let sweep = try await sweep(store)
        #expect(sweep.removed == 250)
        #expect(try rows(store) == 3)
        await store.opened.close()
    }

    @Test("turns are forgotten after their time, messages stay")
    func turns() async throws {
        let store = try SQLiteHarness()
        for index in 0..<5 { try await store.append("t\(index)", idleLifetime: nil) }
        store.clock.advance(by: SessionStoreRules.turnRetention)
        try await store.append("late", idleLifetime: nil)
        _ = try await sweep(store)
        #expect(try store.number("SELECT count(*) FROM turn") == 1)
        #expect(try await store.texts().count == 12)
        await store.opened.close()
    }

    @Test("leases that ended long ago leave the file, and held ones stay")
    func leases() async throws {
        let store = try SQLiteHarness()
        let token = LockToken("holder-token-0001")
        for index in 0..<5 {
            _ = try await store.locks.acquire(
                LockRequest(
                    key: LockKey(.service, owner: "o", name: "k\(index)"), token: token,
                    timeToLive: .seconds(index == 0 ? 100_000 : 1)))
        }
        store.clock.advance(by: .seconds(60))
        _ = try await sweep(store)
        #expect(try store.number("SELECT count(*) FROM lease") == 5, "the system's clock may be set back a little")
        store.clock.advance(by: .seconds(3600))
        _ = try await sweep(store)
        #expect(try store.number("SELECT count(*) FROM lease") == 1)
        await store.opened.close()
    }

    @Test("a session that a running turn keeps alive is not swept, and a restart finds it as the sweep wrote it")
    func keptAlive() async throws {
        let store = try SQLiteHarness()
        try await store.append("t", idleLifetime: .seconds(10))
        store.clock.advance(by: .seconds(9))
        _ = try await store.store.loadWindow(
            owner: "o", sessionID: "s", limit: WindowLimit(messages: 1), idleLifetime: .seconds(100))
        store.clock.advance(by: .seconds(5))
        #expect(try await sweep(store).removed == 0)
        #expect(try await sweep(store).removed == 0)
        await store.opened.close()
        let again = try SQLiteHarness(folder: store.folder, clock: store.clock)
        #expect(try await again.store.session(owner: "o", id: "s") != nil)
        store.clock.advance(by: .seconds(96))
        #expect(try await again.store.session(owner: "o", id: "s") == nil)
        await again.opened.close()
    }

    @Test("a session takes as many messages as its limit, and says so before the model is paid")
    func messagesMax() async throws {
        var limits = SQLiteStoreLimits()
        limits.messagesPerSessionMax = 4
        let store = try SQLiteHarness(limits: limits)
        try await store.append("t1")
        try await store.append("t2")
        let error = await #expect(throws: EngineError.self) {
            _ = try await store.store.loadWindow(
                owner: "o", sessionID: "s", limit: WindowLimit(), idleLifetime: nil)
        }
        #expect(error?.details["limit"] == "messagesPerSessionMax")
        let key = LockKey(.session, owner: "o", name: "s")
        let token = LockToken.random()
        _ = try await store.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(60)))
        let more = ImportRequest(
            owner: "o", sessionID: "s", firstPosition: 5,
            messages: [StoredMessage(role: .user, text: "q", turnID: "", createdAtMicroseconds: 0)])
        let refusal = await #expect(throws: EngineError.self) {
            _ = try await store.store.importMessages(
                MessageImport(request: more, lockKey: key, lockToken: token, idleLifetime: nil))
        }
        #expect(refusal?.details["limit"] == "messagesPerSessionMax")
        await store.opened.close()
    }
}
