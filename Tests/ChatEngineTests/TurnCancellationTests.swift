// A turn that is stopped at each of its steps, in each way: nothing is stored, the lock is free, nothing is left
// behind.

import EngineConformance
import Testing

@testable import ChatEngine

/// The places where a turn waits for somebody else.
enum Step: String, CaseIterable, Sendable {
    case findTurn, acquireLock, findTurnUnderLock, announce, loadWindow, routeTools, runTool, askModel, emitText
    case append, releaseLock
}

/// Stops a turn at one step until it is let on.
final class Breakpoint: Sendable {
    let step: Step
    let gate = Gate()

    init(_ step: Step) { self.step = step }

    /// Called by every part at every step.
    func pass(_ step: Step) async throws {
        if step == self.step { try await gate.pass() }
    }

    /// As `pass`, in parts that are not stopped by cancellation.
    func passUncancelled(_ step: Step) async {
        guard step == self.step else { return }
        let gate = gate
        await Task { try? await gate.pass() }.value
    }
}

/// The in-memory store, stopped where the breakpoint says.
struct SteppedStore: SessionStore {
    let base: InMemorySessionStore
    let breakpoint: Breakpoint
    /// Thrown by the first append after it was stored, as by a store whose answer is lost.
    let firstAppendLoses: EngineError?
    /// Every turn is there already when it is appended, as after a lost lock.
    var appendsTwice = false
    private let lookups = Guarded(0)
    private let appends = Guarded(0)

    init(base: InMemorySessionStore, breakpoint: Breakpoint, firstAppendLoses: EngineError? = nil) {
        self.base = base
        self.breakpoint = breakpoint
        self.firstAppendLoses = firstAppendLoses
    }

    func findTurn(owner: String, sessionID: String, turnID: String) async throws -> StoredTurn? {
        let count = lookups.withLock { count in
            count += 1
            return count
        }
        try await breakpoint.pass(count == 1 ? .findTurn : .findTurnUnderLock)
        return try await base.findTurn(owner: owner, sessionID: sessionID, turnID: turnID)
    }

    func loadWindow(
        owner: String, sessionID: String, limit: WindowLimit, idleLifetime: Duration?
    ) async throws -> HistoryWindow {
        try await breakpoint.pass(.loadWindow)
        return try await base.loadWindow(
            owner: owner, sessionID: sessionID, limit: limit, idleLifetime: idleLifetime)
    }

    func append(_ turn: TurnAppend) async throws -> AppendOutcome {
        if appendsTwice { _ = try await base.append(turn) }
        await breakpoint.passUncancelled(.append)
        let outcome = try await base.append(turn)
        let isFirst = appends.withLock { count in
            count += 1
            return count == 1
        }
        if isFirst, let firstAppendLoses { throw firstAppendLoses }
        return outcome
    }

    func importMessages(_ messages: MessageImport) async throws -> ImportOutcome {
        await breakpoint.passUncancelled(.append)
        return try await base.importMessages(messages)
    }

    func session(owner: String, id: String) async throws -> Session? { try await base.session(owner: owner, id: id) }

    func sessions(in scope: SessionScope, limit: PageLimit, pageToken: String?) async throws -> Page<Session> {
        try await base.sessions(in: scope, limit: limit, pageToken: pageToken)
    }

    func updateSession(owner: String, id: String, change: SessionChange) async throws -> Session? {
        try await base.updateSession(owner: owner, id: id, change: change)
    }

    func deleteSession(owner: String, id: String) async throws -> Bool {
        try await base.deleteSession(owner: owner, id: id)
    }

    func messages(
        owner: String, sessionID: String, order: MessageOrder, limit: PageLimit, pageToken: String?
    ) async throws -> Page<StoredMessage>? {
        try await base.messages(owner: owner, sessionID: sessionID, order: order, limit: limit, pageToken: pageToken)
    }

    func removeExpiredSessions(limit: Int) async throws -> ExpiryStep {
        try await base.removeExpiredSessions(limit: limit)
    }
}

/// The in-memory lock manager, stopped where the breakpoint says.
struct SteppedLocks: LockManager {
    let base: InMemoryLockManager
    let breakpoint: Breakpoint

    func acquire(_ request: LockRequest) async throws -> LockLease {
        let lease = try await base.acquire(request)
        // Held, and the answer is on its way.
        try await breakpoint.pass(.acquireLock)
        return lease
    }

    func renew(_ key: LockKey, token: LockToken, timeToLive: Duration) async throws -> LockLease {
        try await base.renew(key, token: token, timeToLive: timeToLive)
    }

    func release(_ key: LockKey, token: LockToken) async throws -> Bool {
        await breakpoint.passUncancelled(.releaseLock)
        return try await base.release(key, token: token)
    }

    func inspect(_ key: LockKey) async throws -> LockStatus? { try await base.inspect(key) }

    func forceRelease(_ key: LockKey, fence: UInt64) async throws -> LockStatus? {
        try await base.forceRelease(key, fence: fence)
    }

    func keepAlive(_ lease: LockLease, onEvent: @escaping @Sendable (LeaseEvent) -> Void) -> any LeaseKeeper {
        base.keepAlive(lease, onEvent: onEvent)
    }
}

/// One tool for every question, stopped where the breakpoint says.
struct SteppedRouter: ToolRouter, Tool {
    let breakpoint: Breakpoint

    var tools: [any Tool] { [self] }
    var definition: ToolDefinition { ToolDefinition(name: "tool", summary: "", parametersSchema: "{}") }

    func route(_ question: String) async throws -> [ToolCall] {
        try await breakpoint.pass(.routeTools)
        return [ToolCall(id: "c1", name: "tool", arguments: "{}")]
    }

    func run(_ call: ToolCall, deadline: ContinuousClock.Instant) async throws -> String {
        try await breakpoint.pass(.runTool)
        return "done"
    }
}

@Suite("Turn, stopped at each step")
struct TurnCancellationTests {
    private static let beforeAppend = Step.allCases.filter { $0 != .append && $0 != .releaseLock }
    private static let underLock = beforeAppend.filter { $0 != .findTurn && $0 != .acquireLock }

    /// An engine whose turns stop at the step, and a turn that has come there.
    private func stopped(at step: Step) async throws -> (EngineHarness, RunningCall, Breakpoint) {
        let breakpoint = Breakpoint(step)
        let model = ClosureModel { _, emit in
            try await breakpoint.pass(.askModel)
            try await emit(.text("answer"))
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(
            model: model, router: SteppedRouter(breakpoint: breakpoint),
            store: { SteppedStore(base: $0.sessionStore, breakpoint: breakpoint) },
            locks: { SteppedLocks(base: $0.lockManager, breakpoint: breakpoint) })
        let call = harness.start(.test("question", turn: "t")) { event in
            switch event {
            case .started: try await breakpoint.pass(.announce)
            case .text: try await breakpoint.pass(.emitText)
            default: break
            }
        }
        #expect(try await harness.eventually { breakpoint.gate.enteredCount == 1 })
        return (harness, call, breakpoint)
    }

    private func expectNothingLeft(
        _ harness: EngineHarness, stored: Bool, answer: String = "answer"
    ) async throws {
        #expect(try await harness.texts("s") == (stored ? ["question", answer] : []))
        #expect(try await !harness.isLocked("s"))
        #expect(harness.engine.runningTurnCount == 0)
        #expect(harness.clock.timerCount == 0)
    }

    @Test("the task is cancelled: the turn ends as cancelled and stores nothing", arguments: beforeAppend)
    func taskCancelled(step: Step) async throws {
        let (harness, call, _) = try await stopped(at: step)
        call.task.cancel()
        let error = await call.engineError
        #expect(error?.kind == .cancelled && error?.reason == "CANCELLED")
        try await expectNothingLeft(harness, stored: false)
    }

    @Test("the turn is cancelled by its id: likewise, with its own reason", arguments: beforeAppend)
    func turnCancelled(step: Step) async throws {
        let (harness, call, _) = try await stopped(at: step)
        #expect(harness.engine.cancelTurn(owner: "o", sessionID: "s", turnID: "t") == .cancelling)
        // Repeating is harmless; the turn may have ended on its own thread by now.
        #expect([.cancelling, .notRunning].contains(harness.engine.cancelTurn(owner: "o", turnID: "t")))
        let error = await call.engineError
        #expect(error?.kind == .cancelled && error?.reason == "TURN_CANCELLED")
        #expect(harness.engine.cancelTurn(owner: "o", turnID: "t") == .notRunning)
        try await expectNothingLeft(harness, stored: false)
    }

    @Test("the session is deleted: the turn ends and does not bring it back", arguments: beforeAppend)
    func sessionDeleted(step: Step) async throws {
        let (harness, call, _) = try await stopped(at: step)
        #expect(try await harness.engine.deleteSession(owner: "o", id: "s"))
        #expect(await call.engineError?.kind == .sessionDeleted)
        try await expectNothingLeft(harness, stored: false)
    }

    @Test("the lock is forced: the turn ends as soon as it is lost", arguments: underLock)
    func lockForced(step: Step) async throws {
        let (harness, call, _) = try await stopped(at: step)
        let key = LockKey(.session, owner: "o", name: "s")
        let fence = try #require(try await harness.parts.locks.inspect(key)).fence
        _ = try await harness.parts.locks.forceRelease(key, fence: fence)
        let error = await call.engineError
        #expect(error?.kind == .lockLost && error?.reason == "LOCK_LOST")
        try await expectNothingLeft(harness, stored: false)
    }

    @Test("the turn's time limit passes: it ends, wherever it hangs", arguments: beforeAppend)
    func timeLimit(step: Step) async throws {
        let (harness, call, _) = try await stopped(at: step)
        harness.clock.advance(by: .seconds(900))
        let kind = await call.engineError?.kind
        // A tool has a shorter limit of its own, and an answer of the lock manager that never comes loses the lease.
        switch step {
        case .runTool: #expect(kind == .toolOverran)
        default: #expect(kind == .deadlineExceeded)
        }
        try await expectNothingLeft(harness, stored: false)
    }

    @Test("once the append was sent, nobody stops the turn", arguments: [Step.append, .releaseLock])
    func tooLate(step: Step) async throws {
        let (harness, call, breakpoint) = try await stopped(at: step)
        #expect(harness.engine.cancelTurn(owner: "o", turnID: "t") == .tooLate)
        call.task.cancel()
        breakpoint.gate.open()
        #expect(try await call.task.value.text == "answer")
        try await expectNothingLeft(harness, stored: true)
    }

    @Test("a stored answer that is given again is not cancelled by its id, and its call's end says that it is stored")
    func replay() async throws {
        let harness = EngineHarness()
        _ = try await harness.start(.test("question", turn: "t")).task.value
        let gate = Gate()
        let call = harness.start(.test("question", turn: "t")) { event in
            if case .started = event { try await gate.pass() }
        }
        #expect(try await harness.eventually { gate.enteredCount == 1 })
        #expect(harness.engine.cancelTurn(owner: "o", turnID: "t") == .tooLate)
        call.task.cancel()
        let error = await call.engineError
        #expect(error?.kind == .cancelled && error?.message.contains("the turn is stored") == true)
        #expect(harness.engine.cancelTurn(owner: "o", turnID: "t") == .notRunning)
    }

    @Test("a lock that is lost while the append is on its way makes the store refuse it")
    func lockLostBeforeAppend() async throws {
        let (harness, call, breakpoint) = try await stopped(at: .append)
        let key = LockKey(.session, owner: "o", name: "s")
        let fence = try #require(try await harness.parts.locks.inspect(key)).fence
        _ = try await harness.parts.locks.forceRelease(key, fence: fence)
        breakpoint.gate.open()
        #expect(await call.engineError?.kind == .lockLost)
        try await expectNothingLeft(harness, stored: false)
    }

    @Test("a session that is deleted while the append is on its way makes the store refuse it")
    func deletedBeforeAppend() async throws {
        let breakpoint = Breakpoint(.append)
        let harness = EngineHarness(
            model: ClosureModel.saying("answer"),
            store: { SteppedStore(base: $0.sessionStore, breakpoint: breakpoint) })
        breakpoint.gate.open()
        _ = try await harness.run(.test("first"))

        let second = Breakpoint(.append)
        let engine = ChatEngine(
            store: SteppedStore(base: harness.parts.sessionStore, breakpoint: second), locks: harness.parts.locks,
            model: ClosureModel.saying("answer"), clock: harness.clock)
        let task = Task { try await engine.runTurn(.test("second"), cancel: {}) { _ in } }
        #expect(try await harness.eventually { second.gate.enteredCount == 1 })
        #expect(try await harness.engine.deleteSession(owner: "o", id: "s"))
        second.gate.open()
        await #expect { try await task.value } throws: { ($0 as? EngineError)?.kind == .sessionDeleted }
        #expect(try await harness.texts("s") == [])
    }

    @Test("an append whose answer is lost is an unknown outcome, which a retry with the same id settles")
    func outcomeUnknown() async throws {
        let breakpoint = Breakpoint(.append)
        breakpoint.gate.open()
        let harness = EngineHarness(
            model: ClosureModel.saying("answer"),
            store: {
                SteppedStore(
                    base: $0.sessionStore, breakpoint: breakpoint, firstAppendLoses: .outcomeUnknown("the turn"))
            })
        let error = await harness.start(.test("question", turn: "t")).engineError
        #expect(error?.kind == .outcomeUnknown && error?.reason == "OUTCOME_UNKNOWN")
        #expect(try await !harness.isLocked("s"))
        let retry = try await harness.run(.test("question", turn: "t"))
        #expect(retry.replayed && retry.text == "answer")
        try await expectNothingLeft(harness, stored: true)
    }

    @Test("a session does not expire under a turn that takes longer than sessions live")
    func sessionOutlivesTurn() async throws {
        let gate = Gate()
        let model = ClosureModel { request, emit in
            if request.messages.last?.text == "slow" { try await gate.pass() }
            try await emit(.text("answer"))
            return ModelCompletion(model: "m", finishReason: .stop)
        }
        let harness = EngineHarness(model: model, configure: { $0.sessionIdleLifetime = .seconds(5) })
        _ = try await harness.run(.test("quick"))
        let call = harness.start(.test("slow"))
        #expect(try await harness.eventually { gate.enteredCount == 1 })
        for _ in 0..<20 { harness.clock.advance(by: .seconds(3)) }
        gate.open()
        #expect(try await call.task.value.text == "answer")
        #expect(try await harness.texts("s") == ["quick", "answer", "slow", "answer"])
    }

    @Test("a turn that was stored by another call meanwhile is answered from the store and begins once")
    func storedMeanwhile() async throws {
        let harness = EngineHarness(
            store: {
                var store = SteppedStore(base: $0.sessionStore, breakpoint: Breakpoint(.announce))
                store.appendsTwice = true
                return store
            })
        let call = harness.start(.test("question", turn: "t", streams: false))
        #expect(try await call.task.value.replayed)
        let starts = call.events.value.filter { if case .started = $0 { true } else { false } }
        #expect(starts.count == 1)
        try await expectNothingLeft(harness, stored: true, answer: "Hello, world")
    }

    @Test("a turn that hangs holds its session for as long as it runs, renewed")
    func renewsSessionLock() async throws {
        let (harness, call, breakpoint) = try await stopped(at: .askModel)
        for _ in 0..<60 { harness.clock.advance(by: .seconds(3)) }
        #expect(try await harness.isLocked("s"))
        breakpoint.gate.open()
        #expect(try await call.task.value.text == "answer")
        try await expectNothingLeft(harness, stored: true)
    }
}
