// What the facade adds to its ports for sessions and locks: rules, defaults, and holding a lock.

import ChatEngine
import EngineConformance
import Testing

@Suite("Engine facade")
struct FacadeTests {
    private let first = LockToken(String(repeating: "a", count: 32))
    private let second = LockToken(String(repeating: "b", count: 32))

    @Test("sessions are read, renamed, given back their title, relabelled and deleted")
    func sessions() async throws {
        let harness = EngineHarness()
        let engine = harness.engine
        _ = try await harness.run(.test("first words"))
        var session = try await engine.updateSession(
            owner: "o", id: "s", change: SessionChange(title: "mine", labels: ["a b": "1"]))
        #expect(session.title == "mine" && session.labels == ["a b": "1"])
        session = try await engine.updateSession(owner: "o", id: "s", change: SessionChange(title: ""))
        #expect(session.title == "first words" && session.labels == ["a b": "1"])
        #expect(try await engine.listSessions(in: .owner("o")).items == [session])
        #expect(try await engine.deleteSession(owner: "o", id: "s"))
        #expect(try await !engine.deleteSession(owner: "o", id: "s"))
        for attempt in [
            { _ = try await engine.getSession(owner: "o", id: "s") },
            { _ = try await engine.listMessages(owner: "o", sessionID: "s") },
            { _ = try await engine.updateSession(owner: "o", id: "s", change: SessionChange(title: "")) },
            { _ = try await engine.updateSession(owner: "o", id: "s", change: SessionChange(title: "x")) },
        ] as [() async throws -> Void] {
            await #expect { try await attempt() } throws: { ($0 as? EngineError)?.kind == .notFound }
        }
    }

    @Test("page sizes have a default and a limit, and tokens may be empty")
    func pageSizes() async throws {
        let harness = EngineHarness {
            $0.limits.sessionsPerPageDefault = 2
            $0.limits.sessionsPerPageMax = 3
        }
        for index in 0..<5 { _ = try await harness.run(.test("q", session: "s\(index)")) }
        let scope = SessionScope.owner("o")
        #expect(try await harness.engine.listSessions(in: scope, pageToken: "").items.count == 2)
        #expect(try await harness.engine.listSessions(in: scope, pageSize: 1).items.count == 1)
        #expect(try await harness.engine.listSessions(in: scope, pageSize: 100).items.count == 3)
        await #expect {
            try await harness.engine.listSessions(in: scope, pageSize: -1)
        } throws: { ($0 as? EngineError)?.reason == "PAGE_SIZE" }
    }

    @Test("bad ids, titles, labels, lock names, tokens and times are refused with the field's reason")
    func refusals() async throws {
        let engine = EngineHarness().engine
        let token = first
        let many = Dictionary(uniqueKeysWithValues: (0..<17).map { ("k\($0)", "v") })
        let attempts: [(String, () async throws -> Void)] = [
            ("SESSION_ID", { _ = try await engine.getSession(owner: "o", id: "a b") }),
            ("SESSION_ID", { _ = try await engine.deleteSession(owner: "o", id: "") }),
            ("TITLE", { _ = try await engine.updateSession(owner: "o", id: "s", change: SessionChange(title: " ")) }),
            ("TITLE", { _ = try await engine.updateSession(owner: "o", id: "s", change: SessionChange(title: "a\n")) }),
            (
                "LABELS",
                { _ = try await engine.updateSession(owner: "o", id: "s", change: SessionChange(labels: many)) }
            ),
            ("LABELS", { _ = try await engine.updateSession(owner: "o", id: "s", change: .init(labels: ["": "v"])) }),
            ("LOCK_NAME", { _ = try await engine.acquireLock(owner: "o", name: "a{b}", token: token) }),
            ("LOCK_TOKEN", { _ = try await engine.acquireLock(owner: "o", name: "k", token: LockToken("worker-1")) }),
            (
                "LOCK_TIME_TO_LIVE",
                { _ = try await engine.acquireLock(owner: "o", name: "k", token: token, timeToLive: .milliseconds(99)) }
            ),
            (
                "LOCK_TIME_TO_LIVE",
                { _ = try await engine.renewLock(owner: "o", name: "k", token: token, timeToLive: .seconds(3601)) }
            ),
            (
                "LOCK_WAIT",
                { _ = try await engine.acquireLock(owner: "o", name: "k", token: token, wait: .seconds(-1)) }
            ),
            (
                "OWNER_LABEL",
                { _ = try await engine.acquireLock(owner: "o", name: "k", token: token, ownerLabel: "\u{0}") }
            ),
            ("FENCE", { _ = try await engine.forceReleaseLock(owner: "o", name: "k", fence: 0) }),
        ]
        for (reason, attempt) in attempts {
            await #expect {
                try await attempt()
            } throws: { error in
                (error as? EngineError)?.kind == .invalidArgument && (error as? EngineError)?.reason == reason
            }
        }
    }

    @Test("locks of callers and locks of sessions never meet")
    func kindsApart() async throws {
        let harness = EngineHarness()
        _ = try await harness.engine.acquireLock(owner: "o", name: "s", token: first)
        _ = try await harness.run(.test("q", session: "s", busy: .refuse))
        #expect(try await harness.engine.inspectLock(owner: "o", name: "s") != nil)
    }

    @Test("a lock is acquired, renewed, inspected, refused to others, forced and lost")
    func lockLife() async throws {
        let harness = EngineHarness()
        let engine = harness.engine
        let lease = try await engine.acquireLock(owner: "o", name: "k", token: first, ownerLabel: "me")
        #expect(lease.timeToLive == .seconds(10))
        #expect(try await engine.renewLock(owner: "o", name: "k", token: first).fence == lease.fence)
        await #expect {
            try await engine.acquireLock(owner: "o", name: "k", token: second)
        } throws: { ($0 as? EngineError)?.reason == "NOT_ACQUIRED" }
        #expect(try await engine.forceReleaseLock(owner: "o", name: "k", fence: lease.fence).ownerLabel == "me")
        for attempt in [
            { _ = try await engine.renewLock(owner: "o", name: "k", token: first) },
            { try await engine.releaseLock(owner: "o", name: "k", token: first) },
            { _ = try await engine.forceReleaseLock(owner: "o", name: "k", fence: lease.fence) },
        ] as [() async throws -> Void] {
            await #expect { try await attempt() } throws: { ($0 as? EngineError)?.reason == "LOST" }
        }
    }

    /// Holds a lock in a task of its own, and records what it is told.
    private func hold(
        _ engine: ChatEngine, _ token: LockToken, wait: Duration? = nil
    ) -> (task: Task<LockLoss, any Error>, told: Guarded<[String]>) {
        let told = Guarded<[String]>([])
        let task = Task {
            try await engine.holdLock(owner: "o", name: "k", token: token, wait: wait) { _ in
                told.withLock { $0.append("granted") }
            } renewed: { _ in
                told.withLock { $0.append("renewed") }
            }
        }
        return (task, told)
    }

    @Test("a held lock is granted, renewed while the call runs, and released when it is cancelled")
    func holds() async throws {
        let harness = EngineHarness()
        let (task, told) = hold(harness.engine, first)
        #expect(try await harness.eventually { told.value == ["granted"] })
        for count in 1...5 {
            harness.clock.advance(by: .seconds(4))
            #expect(try await harness.eventually { told.value.count >= 1 + count })
        }
        #expect(try await harness.engine.inspectLock(owner: "o", name: "k") != nil)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await harness.engine.inspectLock(owner: "o", name: "k") == nil)
        #expect(harness.clock.timerCount == 0 && told.value.dropFirst().allSatisfy { $0 == "renewed" })
    }

    @Test("who holds is told why the lease was lost")
    func holdIsLost() async throws {
        let harness = EngineHarness()
        let (forced, told) = hold(harness.engine, first)
        #expect(try await harness.eventually { told.value == ["granted"] })
        let fence = try #require(try await harness.engine.inspectLock(owner: "o", name: "k")).fence
        _ = try await harness.engine.forceReleaseLock(owner: "o", name: "k", fence: fence)
        #expect(try await forced.value == .forced)

        let (released, toldAgain) = hold(harness.engine, first)
        #expect(try await harness.eventually { toldAgain.value == ["granted"] })
        try await harness.engine.releaseLock(owner: "o", name: "k", token: first)
        #expect(try await released.value == .released)
        #expect(harness.clock.timerCount == 0)
    }

    @Test("a caller that holds again with its token keeps the lock when the former call ends")
    func holdsAgain() async throws {
        let harness = EngineHarness()
        let former = hold(harness.engine, first)
        #expect(try await harness.eventually { former.told.value == ["granted"] })
        let latter = hold(harness.engine, first)
        #expect(try await harness.eventually { latter.told.value == ["granted"] })
        former.task.cancel()
        await #expect(throws: CancellationError.self) { try await former.task.value }
        #expect(try await harness.engine.inspectLock(owner: "o", name: "k") != nil)
        latter.task.cancel()
        await #expect(throws: CancellationError.self) { try await latter.task.value }
        #expect(try await harness.engine.inspectLock(owner: "o", name: "k") == nil)
    }

    @Test("holding in line is cancelled without a trace")
    func holdCancelledInLine() async throws {
        let harness = EngineHarness()
        _ = try await harness.engine.acquireLock(owner: "o", name: "k", token: first)
        let (task, told) = hold(harness.engine, second, wait: .seconds(30))
        #expect(
            try await harness.eventually {
                try await harness.engine.inspectLock(owner: "o", name: "k")?.waiters == 1
            })
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(told.value.isEmpty && harness.clock.timerCount == 1)
        try await harness.engine.releaseLock(owner: "o", name: "k", token: first)
    }
}
