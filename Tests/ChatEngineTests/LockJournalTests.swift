// Locks that are written down: what callers are told while a write is under way, when it fails, and when it is late.

import ChatEngine
import EngineConformance
import Testing

@Suite("Locks with a journal", .timeLimit(.minutes(1)))
struct LockJournalTests {
    private let clock = ManualClock()
    private let journal = StepJournal()
    private let key = LockKey(.service, owner: "o", name: "k")
    private let first = LockToken("first-token-00001")
    private let second = LockToken("second-token-0002")

    private func manager() -> InMemoryLockManager {
        InMemoryLockManager(clock: clock, journal: journal, restoring: [], lastFence: 0)
    }

    /// Begins an acquire, and returns when its write is under way.
    private func acquire(
        _ locks: InMemoryLockManager, _ token: LockToken, timeToLive: Duration = .seconds(9), wait: Duration? = nil
    ) async throws -> Task<LockLease, any Error> {
        let before = journal.count
        let request = LockRequest(
            key: key, token: token, timeToLive: timeToLive, waitDeadline: wait.map { clock.now + $0 })
        let task = Task { try await locks.acquire(request) }
        try await eventually { journal.count > before }
        return task
    }

    private func held(_ locks: InMemoryLockManager, timeToLive: Duration = .seconds(9)) async throws -> LockLease {
        let task = try await acquire(locks, first, timeToLive: timeToLive)
        journal.answerAll()
        return try await task.value
    }

    private func eventually(_ condition: () async throws -> Bool) async throws {
        for _ in 0..<1_000_000 {
            if try await condition() { return }
            await Task.yield()
        }
        Issue.record("it never came true")
    }

    private func kind(_ task: Task<LockLease, any Error>) async -> EngineError.Kind? {
        do {
            _ = try await task.value
            return nil
        } catch {
            return (error as? EngineError)?.kind
        }
    }

    @Test("a grant is told when it is written, and its fence is in the journal before")
    func toldWhenWritten() async throws {
        let locks = manager()
        let task = try await acquire(locks, first)
        guard case .held(let record) = journal.changes.last else {
            Issue.record("the grant is written")
            return
        }
        #expect(record.token == first)
        journal.answerAll()
        #expect(try await task.value.fence == record.fence)
    }

    @Test("a grant that was never written is taken back, also when its caller repeated it meanwhile")
    func repeatedAndFailed() async throws {
        let locks = manager()
        let once = try await acquire(locks, first)
        let again = try await acquire(locks, first)
        journal.answer(failing: true)
        journal.answer(failing: true)
        #expect(await kind(once) == .unavailable)
        #expect(await kind(again) == .unavailable)
        journal.answerAll()
        #expect(try await locks.inspect(key) == nil, "nobody holds what nobody was given")
    }

    @Test("a repeated call whose own write succeeds has the lease, though the first one's failed")
    func repeatedAndWritten() async throws {
        let locks = manager()
        let once = try await acquire(locks, first)
        let again = try await acquire(locks, first)
        journal.answer(failing: true)
        journal.answer()
        #expect(await kind(once) == .unavailable)
        let lease = try await again.value
        #expect(try await locks.inspect(key)?.fence == lease.fence)
    }

    @Test("a renewal that would shorten the lease and cannot be written leaves it as long as it was")
    func shorteningFails() async throws {
        let locks = manager()
        _ = try await held(locks, timeToLive: .seconds(60))
        let count = journal.count
        let renewal = Task { try await locks.renew(key, token: first, timeToLive: .seconds(1)) }
        try await eventually { journal.count > count }
        journal.answer(failing: true)
        #expect(await kind(renewal) == .unavailable)
        clock.advance(by: .seconds(30))
        await #expect(throws: EngineError.self) {
            _ = try await locks.acquire(LockRequest(key: key, token: second, timeToLive: .seconds(1)))
        }
        clock.advance(by: .seconds(31))
        journal.answerAll()
        let next = try await acquire(locks, second)
        journal.answerAll()
        _ = try await next.value
    }

    @Test("a grant is not told after its lease has ended, and the next in line has the lock")
    func grantedTooLate() async throws {
        let locks = manager()
        let slow = try await acquire(locks, first, timeToLive: .seconds(1))
        let request = LockRequest(
            key: key, token: second, timeToLive: .seconds(60), waitDeadline: clock.now + .seconds(60))
        let next = Task { try await locks.acquire(request) }
        try await eventually { clock.timerCount >= 2 }
        let count = journal.count
        clock.advance(by: .seconds(2))
        try await eventually { journal.count > count }
        journal.answerAll()
        #expect(await kind(slow) == .lockNotAcquired)
        #expect(try await next.value.token == second)
        let late = Task { try await locks.renew(key, token: second, timeToLive: .seconds(1)) }
        try await eventually { journal.hasWaiting }
        clock.advance(by: .seconds(2))
        journal.answerAll()
        #expect(await kind(late) == .lockLost)
    }

    @Test("the loss is the last thing that a keeper is told, also with a renewal on its way")
    func lossIsLast() async throws {
        for fails in [false, true] {
            let locks = manager()
            let lease = try await held(locks)
            let events = Guarded<[LeaseEvent]>([])
            let keeper = locks.keepAlive(lease) { event in events.withLock { $0.append(event) } }
            clock.advance(by: .seconds(3))
            let forced = Task { try await locks.forceRelease(key, fence: lease.fence) }
            try await eventually { !events.value.isEmpty }
            clock.advance(by: .seconds(20))
            journal.answer(failing: fails)
            journal.answerAll()
            _ = try await forced.value
            clock.advance(by: .seconds(20))
            journal.answerAll()
            #expect(events.value == [.lost(.forced)])
            keeper.stop()
        }
    }

    @Test("a renewal is due by the lease, and not by when the last one was written")
    func renewalsOnTime() async throws {
        let locks = manager()
        let lease = try await held(locks)
        let events = Guarded<[LeaseEvent]>([])
        let keeper = locks.keepAlive(lease) { event in events.withLock { $0.append(event) } }
        for round in 1...5 {
            clock.advance(by: .seconds(3))
            #expect(journal.hasWaiting, "round \(round)")
            clock.advance(by: .milliseconds(2900))
            journal.answerAll()
            clock.advance(by: .milliseconds(100))
        }
        #expect(!events.value.contains { if case .lost = $0 { true } else { false } })
        keeper.stop()
        // A write that is never answered keeps its manager and this journal alive.
        journal.answerAll()
    }

    @Test("the locks of sessions are not written")
    func sessionsAreNot() async throws {
        let locks = manager()
        let session = LockKey(.session, owner: "o", name: "k")
        _ = try await locks.acquire(LockRequest(key: session, token: first, timeToLive: .seconds(1)))
        try await locks.release(session, token: first)
        #expect(journal.count == 0)
    }
}

/// A journal that answers when a test tells it to, in order.
private final class StepJournal: LeaseJournal {
    private struct State {
        var changes: [LeaseChange] = []
        var count = 0
        var waiting: [@Sendable (EngineError?) -> Void] = []
    }
    private let state = Guarded(State())

    func write(_ changes: [LeaseChange], done: @escaping @Sendable (EngineError?) -> Void) {
        state.withLock { state in
            state.changes += changes
            state.count += 1
            state.waiting.append(done)
        }
    }

    /// Writes so far.
    var count: Int { state.value.count }
    var changes: [LeaseChange] { state.value.changes }
    var hasWaiting: Bool { !state.value.waiting.isEmpty }

    /// Answers the oldest write.
    func answer(failing: Bool = false) {
        let answer = state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
        answer?(failing ? EngineError(.unavailable, reason: "STORE_FULL", "the disk is full") : nil)
    }

    func answerAll() { while hasWaiting { answer() } }
}
