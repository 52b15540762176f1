// What a store finds again: conversations, turns for retries, locks with their fences and what is left of their time.

import ChatEngine
import EngineConformance
import Glibc
import Testing

@testable import SQLiteStore

@Suite("A store that is opened again", .timeLimit(.minutes(1)))
struct RestartTests {
    private let key = LockKey(.service, owner: "o", name: "nightly")
    private let token = LockToken("holder-token-0001")
    private let other = LockToken("other-token-00002")

    private func reopened(_ harness: SQLiteHarness, after pause: Duration = .zero) async throws -> SQLiteHarness {
        await harness.opened.close()
        let clock = ManualClock(wallMicroseconds: harness.wallMicroseconds)
        clock.advance(by: pause)
        return try SQLiteHarness(folder: harness.folder, clock: clock)
    }

    @Test("sessions, messages and turns are there, and go on where they were")
    func conversations() async throws {
        var store = try SQLiteHarness()
        try await store.append("t1", question: "a\u{0}b 안녕", answer: "")
        try await store.append("t2")
        _ = try await store.store.updateSession(
            owner: "o", id: "s", change: SessionChange(title: "named", labels: ["k": "v\u{0}\"\n"]))
        let before = try await store.store.session(owner: "o", id: "s")
        store = try await reopened(store)
        #expect(try await store.store.session(owner: "o", id: "s") == before)
        #expect(before?.labels == ["k": "v\u{0}\"\n"])
        #expect(try await store.texts() == ["a\u{0}b 안녕", "", "q", "a"])
        guard case .duplicate(let turn) = try await store.append("t1") else {
            Issue.record("the turn is found")
            return
        }
        #expect(turn.text == "" && turn.requestHash == RequestHash(high: 1, low: .max))
        try await store.append("t3")
        let after = try #require(try await store.store.session(owner: "o", id: "s"))
        #expect(after.messageCount == 6)
        #expect(after.lastActivityMicroseconds > before?.lastActivityMicroseconds ?? .max)
        await store.opened.close()
    }

    @Test("the order of lists goes on, also with a clock that was set back")
    func clockSetBack() async throws {
        let first = try SQLiteHarness()
        try await first.append("t1", session: "s1")
        await first.opened.close()
        let clock = ManualClock(wallMicroseconds: first.wallMicroseconds - 3_600_000_000)
        let second = try SQLiteHarness(folder: first.folder, clock: clock)
        try await second.append("t1", session: "s2")
        let page = try await second.store.sessions(
            in: .allOwners, limit: PageLimit(items: 10, bytes: 10_000), pageToken: nil)
        #expect(page.items.map(\.id) == ["s2", "s1"])
        await second.opened.close()
    }

    @Test("a lock is held as before, for what is left of its time, and its fence goes on")
    func locks() async throws {
        var store = try SQLiteHarness()
        let lease = try await store.locks.acquire(
            LockRequest(key: key, token: token, timeToLive: .seconds(10), ownerLabel: "worker"))
        store.clock.advance(by: .seconds(2))
        store = try await reopened(store, after: .seconds(3))
        let status = try #require(try await store.locks.inspect(key))
        #expect(status.fence == lease.fence && status.ownerLabel == "worker")
        #expect(status.remaining == .seconds(5))
        await #expect(throws: EngineError.self) {
            _ = try await store.locks.acquire(LockRequest(key: key, token: other, timeToLive: .seconds(1)))
        }
        let again = try await store.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(10)))
        #expect(again.fence == lease.fence)
        store = try await reopened(store, after: .seconds(11))
        #expect(try await store.locks.inspect(key) == nil, "its time went on while nobody served")
        let next = try await store.locks.acquire(LockRequest(key: key, token: other, timeToLive: .seconds(1)))
        #expect(next.fence > lease.fence)
        await store.opened.close()
    }

    @Test("a renewal, a release and a force survive")
    func changes() async throws {
        var store = try SQLiteHarness()
        let keys = (0..<3).map { LockKey(.service, owner: "o", name: "k\($0)") }
        var fences: [UInt64] = []
        for key in keys {
            fences.append(
                try await store.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(5))).fence)
        }
        _ = try await store.locks.renew(keys[0], token: token, timeToLive: .seconds(100))
        try await store.locks.release(keys[1], token: token)
        _ = try await store.locks.forceRelease(keys[2], fence: fences[2])
        store = try await reopened(store, after: .seconds(50))
        #expect(try await store.locks.inspect(keys[0])?.remaining == .seconds(50))
        #expect(try await store.locks.inspect(keys[1]) == nil)
        #expect(try await store.locks.inspect(keys[2]) == nil)
        await store.opened.close()
    }

    @Test("fences grow although every lease is gone and the clock was set back")
    func fences() async throws {
        let first = try SQLiteHarness()
        let lease = try await first.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(1)))
        try await first.locks.release(key, token: token)
        await first.opened.close()
        let clock = ManualClock(wallMicroseconds: first.wallMicroseconds - 86_400_000_000)
        let second = try SQLiteHarness(folder: first.folder, clock: clock)
        let next = try await second.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(1)))
        #expect(next.fence > lease.fence)
        await second.opened.close()
    }

    @Test("a clock that was set back gives no lease more than its time to live")
    func clockAndLeases() async throws {
        let first = try SQLiteHarness()
        _ = try await first.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(10)))
        await first.opened.close()
        let clock = ManualClock(wallMicroseconds: first.wallMicroseconds - 3_600_000_000)
        let second = try SQLiteHarness(folder: first.folder, clock: clock)
        #expect(try await second.locks.inspect(key)?.remaining == .seconds(10))
        await second.opened.close()
    }

    @Test("the locks of sessions end with the process: its turns are gone, too")
    func sessionLocks() async throws {
        var store = try SQLiteHarness()
        let key = LockKey(.session, owner: "o", name: "s")
        _ = try await store.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(100)))
        store = try await reopened(store)
        #expect(try await store.locks.inspect(key) == nil)
        #expect(try store.number("SELECT count(*) FROM lease") == 0)
        await store.opened.close()
    }

    @Test("a copy made while turns are stored is a whole store, with all that was acknowledged before it")
    func copy() async throws {
        let store = try SQLiteHarness()
        for index in 0..<200 { try await store.append("t\(index)", answer: String(repeating: "x", count: 3000)) }
        let path = store.folder.path + "/copy.db"
        async let copied: Void = store.opened.copy(to: path)
        var during = 0
        while during < 50 {
            try await store.append("during-\(during)")
            during += 1
        }
        try await copied
        await store.opened.close()
        let copy = try SQLiteStore.open(path, clock: store.clock)
        let session = try #require(try await copy.sessions.session(owner: "o", id: "s"))
        #expect(session.messageCount >= 400 && session.messageCount % 2 == 0)
        let page = try await copy.sessions.messages(
            owner: "o", sessionID: "s", order: .oldestFirst, limit: PageLimit(items: 10_000, bytes: 10_000_000),
            pageToken: nil)
        #expect(page?.items.count == session.messageCount)
        await copy.close()
    }

    @Test("a copy that nobody wants any more ends, and a file that is there is not written over")
    func copyEnds() async throws {
        let store = try SQLiteHarness()
        for index in 0..<100 { try await store.append("t\(index)", answer: String(repeating: "x", count: 8000)) }
        await #expect(throws: CancellationError.self) {
            try await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await store.opened.copy(to: store.folder.path + "/copy.db")
            }.value
        }
        #expect(access(store.folder.path + "/copy.db", F_OK) != 0, "nothing half is left")
        await #expect(throws: StoreOpenError.self) { try await store.opened.copy(to: store.folder.database) }
        try await store.append("after")
        await store.opened.close()
        await #expect(throws: EngineError.self) {
            try await store.opened.copy(to: store.folder.path + "/copy.db")
        }
    }
}
