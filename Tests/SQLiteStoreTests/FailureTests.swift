// A disk that is full or slow: what callers are told, that nothing acknowledged is lost, and that it heals by itself.

import ChatEngine
import EngineConformance
import Glibc
import Testing

@testable import SQLiteStore

@Suite("A store that fails", .timeLimit(.minutes(1)))
struct FailureTests {
    /// SQLite's own limit of pages stands for the disk's: the same error at the same places.
    private func fill(_ store: SQLiteHarness) throws {
        _ = try store.number("PRAGMA max_page_count = 1")
    }

    private func makeRoom(_ store: SQLiteHarness) throws {
        _ = try store.number("PRAGMA max_page_count = 1000000")
    }

    @Test("a full disk is told as such, keeps what was acknowledged, and is forgotten when there is room")
    func full() async throws {
        let store = try SQLiteHarness()
        try await store.append("t1")
        try fill(store)
        let big = String(repeating: "x", count: 100_000)
        let error = await #expect(throws: EngineError.self) { try await store.append("t2", answer: big) }
        #expect(error?.kind == .unavailable && error?.reason == "STORE_FULL")
        #expect(try await store.texts() == ["q", "a"])
        #expect(store.health.value == [.failing("the disk is full")])
        try makeRoom(store)
        try await store.append("t2", answer: big)
        #expect(try await store.texts() == ["q", "a", "q", big])
        #expect(store.health.value == [.failing("the disk is full"), .sound])
        #expect(try store.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1)
        await store.opened.close()
    }

    @Test("turns that fit are stored beside one that does not")
    func neighbours() async throws {
        let store = try SQLiteHarness()
        for index in 0..<8 { try await store.append("t", session: "s\(index)") }
        _ = try store.number("PRAGMA max_page_count = \(try store.number("PRAGMA page_count") + 4)")
        let failed = Guarded(0)
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<8 {
                group.addTask {
                    let answer = String(repeating: "x", count: index == 3 ? 1_000_000 : 10)
                    do {
                        try await store.append("t2", session: "s\(index)", answer: answer)
                    } catch {
                        failed.withLock { $0 += 1 }
                    }
                }
            }
        }
        try makeRoom(store)
        var stored = 0
        for index in 0..<8 where try await store.texts(session: "s\(index)").count == 4 { stored += 1 }
        #expect(stored == 7 && failed.value == 1, "\(stored) stored, \(failed.value) failed")
        await store.opened.close()
    }

    @Test("a caller that gives up between its operation and the commit has its answer, and the store goes on")
    func givesUpBeforeCommit() async throws {
        let store = try SQLiteHarness()
        for cancels in [false, true] {
            for writes in [false, true] {
                let answers = Guarded<[String]>([])
                let operation = StoreOperation("the turn", writes: writes) { _ in 1 }
                #expect(operation.setAnswer { result in answers.withLock { $0.append("\(result)") } })
                #expect(operation.begin())
                try store.opened.queue.connected { connection throws(SQLiteFailure) in
                    do { try operation.perform(on: connection) } catch { Issue.record("\(error)") }
                }
                if cancels { operation.cancel() } else { operation.giveUp() }
                operation.succeed()
                // A write that was begun is not cancelled.
                let expected =
                    cancels ? (writes ? "success" : "CancellationError") : (writes ? "UNKNOWN" : "STORE_UNAV")
                #expect(answers.value.count == 1 && answers.value[0].contains(expected), "\(answers.value)")
            }
        }
        await store.opened.close()
    }

    @Test("a transaction that fails takes no session from under its turn")
    func renewalsSurviveFailure() async throws {
        let store = try SQLiteHarness()
        try await store.append("t1", idleLifetime: .seconds(10))
        try await store.append("expired", session: "s2", idleLifetime: .seconds(1))
        store.clock.advance(by: .seconds(9))
        _ = try await store.store.loadWindow(
            owner: "o", sessionID: "s", limit: WindowLimit(messages: 1), idleLifetime: .seconds(100))
        // A sweep and an append that fail after they changed what they remember.
        _ = try store.number("PRAGMA query_only = 1")
        await #expect(throws: EngineError.self) { _ = try await store.store.removeExpiredSessions(limit: 10) }
        await #expect(throws: EngineError.self) { try await store.append("t2", idleLifetime: .seconds(100)) }
        _ = try store.number("PRAGMA query_only = 0")
        store.clock.advance(by: .seconds(20))
        try await store.append("t2", idleLifetime: .seconds(100))
        #expect(try await store.texts() == ["q", "a", "q", "a"])
        await store.opened.close()
    }

    @Test("a lock that cannot be written down is not granted, and is free again")
    func lockNotWritten() async throws {
        let store = try SQLiteHarness()
        let key = LockKey(.service, owner: "o", name: String(repeating: "long", count: 2000))
        let token = LockToken("holder-token-0001")
        try fill(store)
        let error = await #expect(throws: EngineError.self) {
            _ = try await store.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(10)))
        }
        #expect(error?.kind == .unavailable)
        try makeRoom(store)
        #expect(try await store.locks.inspect(key) == nil)
        let other = LockToken("other-token-00002")
        _ = try await store.locks.acquire(LockRequest(key: key, token: other, timeToLive: .seconds(10)))
        await store.opened.close()
    }

    @Test("a hold whose renewals cannot be written down is lost when its written lease ends, and not before")
    func holdNotRenewed() async throws {
        let clock = ManualClock()
        let journal = StepJournal()
        let locks = InMemoryLockManager(clock: clock, journal: journal, restoring: [], lastFence: 0)
        let key = LockKey(.service, owner: "o", name: "k")
        let token = LockToken("holder-token-0001")
        let acquired = Task {
            try await locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(9)))
        }
        try await eventually { journal.answerAll() }
        let events = Guarded<[LeaseEvent]>([])
        let keeper = locks.keepAlive(try await acquired.value) { event in events.withLock { $0.append(event) } }
        clock.advance(by: .seconds(3))
        #expect(journal.answerAll())
        #expect(events.value.count == 1, "one renewal: \(events.value)")
        journal.fails.withLock { $0 = true }
        for _ in 0..<89 {
            clock.advance(by: .milliseconds(100))
            _ = journal.answerAll()
        }
        #expect(events.value.count == 1, "the lease that was written lasts: \(events.value)")
        clock.advance(by: .milliseconds(100))
        _ = journal.answerAll()
        #expect(events.value.last == .lost(.unreachable))
        _ = journal.answerAll()
        #expect(try await locks.inspect(key) == nil)
        keeper.stop()
    }

    @Test("a disk that does not answer: what had not begun is not stored, what had begun is unknown, reads end")
    func slow() async throws {
        let store = try SQLiteHarness()
        try await store.append("t1")
        let (blocked, gate) = (DiskGate(), store.opened.queue)
        let running = Task { try await gate.write("the turn") { _ in blocked.pass() } }
        try await blocked.waitUntilEntered()
        let queued = Task { try await gate.write("the turn") { _ in Issue.record("it was given up") } }
        let read = Task { _ = try await store.store.session(owner: "o", id: "s") }
        try await eventually { store.clock.timerCount >= 3 }
        store.clock.advance(by: StoreQueue.operationTimeMax)
        let unknown = await #expect(throws: EngineError.self) { try await running.value }
        #expect(unknown?.kind == .outcomeUnknown)
        let refused = await #expect(throws: EngineError.self) { try await queued.value }
        #expect(refused?.kind == .unavailable)
        let late = await #expect(throws: EngineError.self) { try await read.value }
        #expect(late?.kind == .unavailable)
        blocked.open()
        try await store.append("t2")
        await store.opened.close()
    }

    @Test("a copy that would take the room that turns need is not begun, and leaves nothing")
    func noRoomForCopy() async throws {
        var limits = SQLiteStoreLimits()
        limits.copyReserveBytes = 1 << 60
        let store = try SQLiteHarness(limits: limits)
        try await store.append("t1")
        let copy = store.folder.database + ".copy"
        let error = await #expect(throws: StoreOpenError.self) { try await store.opened.copy(to: copy) }
        #expect(error?.description.contains("left free for the store") == true)
        #expect(access(copy, F_OK) != 0)
        #expect(try await store.texts() == ["q", "a"])
        await store.opened.close()
    }

    @Test("a read ends with its task, a write is answered all the same")
    func cancellation() async throws {
        let store = try SQLiteHarness()
        let (blocked, queue) = (DiskGate(), store.opened.queue)
        async let running: Void = queue.write("the turn") { _ in blocked.pass() }
        try await blocked.waitUntilEntered()
        let read = Task { try await store.store.session(owner: "o", id: "s") }
        let write = Task { try await queue.write("the turn") { _ in 7 } }
        try await eventually { store.clock.timerCount >= 3 }
        read.cancel()
        write.cancel()
        await #expect(throws: CancellationError.self) { _ = try await read.value }
        blocked.open()
        #expect(try await write.value == 7)
        try await running
        await store.opened.close()
    }

    @Test("what is asked after the end is refused")
    func closed() async throws {
        let store = try SQLiteHarness()
        await store.opened.close()
        let error = await #expect(throws: EngineError.self) { try await store.store.session(owner: "o", id: "s") }
        #expect(error?.kind == .unavailable)
    }

    private func eventually(_ condition: () -> Bool) async throws {
        for _ in 0..<100_000 {
            if condition() { return }
            await Task.yield()
        }
        Issue.record("it never came true")
    }
}

/// Blocks the store's thread until it is opened, as a disk that does not answer does.
private final class DiskGate: Sendable {
    private let state = Guarded((entered: false, open: false))

    func pass() {
        state.withLock { $0.entered = true }
        while !state.value.open { sched_yield() }
    }

    func open() { state.withLock { $0.open = true } }

    func waitUntilEntered() async throws {
        for _ in 0..<1_000_000 {
            if state.value.entered { return }
            await Task.yield()
        }
        Issue.record("the store's thread never came")
    }
}

/// A journal that answers when a test tells it to.
private final class StepJournal: LeaseJournal {
    let fails = Guarded(false)
    private let waiting = Guarded<[@Sendable (EngineError?) -> Void]>([])

    func write(_ changes: [LeaseChange], done: @escaping @Sendable (EngineError?) -> Void) {
        waiting.withLock { $0.append(done) }
    }

    /// False when there was nothing to answer.
    func answerAll() -> Bool {
        let error = fails.value ? EngineError(.unavailable, reason: "STORE_FULL", "the disk is full") : nil
        let answers = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for answer in answers { answer(error) }
        return !answers.isEmpty
    }
}
