// The turn's decisions as transcripts: what came of each action, and what is done next. No I/O.

import Testing

@testable import ChatEngine

@Suite("Turn machine")
struct TurnMachineTests {
    private static let hash = RequestHash(high: 1, low: 2)
    private static let session = Session(
        id: "s", owner: "o", userID: "", title: "t", messageCount: 2, createdAtMicroseconds: 1,
        lastActivityMicroseconds: 1, expiresAtMicroseconds: nil, generation: 1)
    private static let error = EngineError(.unavailable, reason: "TEST", "down")

    private static func stored(_ hash: RequestHash = hash) -> StoredTurn {
        StoredTurn(
            id: "t", requestHash: hash, text: "stored", model: "m", finishReason: .stop, usage: TokenUsage(),
            toolRuns: [], finishedAtMicroseconds: 1)
    }

    /// All steps of a turn without failure: the action, and what comes of it.
    private static let road: [(action: TurnMachine.Action, input: TurnMachine.Input)] = [
        (.validate, .validated(hash)),
        (.openTurn, .turn(nil)),
        (.acquireLock, .done),
        (.findTurnUnderLock, .turn(nil)),
        (.announce, .done),
        (.loadWindow, .done),
        (.routeTools, .routed(calls: 1)),
        (.runTools, .done),
        (.askModel, .answered(textEmitted: true)),
        (.seal, .done),
        (.append, .appendOutcome(.appended(session))),
        (.releaseLock, .done),
    ]

    /// A machine that has just returned the road's action of this index.
    private static func machine(before index: Int, streams: Bool = true) -> TurnMachine {
        var machine = TurnMachine(streams: streams)
        #expect(machine.begin() == road[0].action)
        for step in 0..<index {
            #expect(machine.next(road[step].input) == road[step + 1].action)
        }
        return machine
    }

    private static func index(of action: TurnMachine.Action) -> Int {
        road.firstIndex { $0.action == action } ?? -1
    }

    private static func failure(of action: TurnMachine.Action) -> EngineError? {
        if case .finish(.failed(let error)) = action { error } else { nil }
    }

    @Test("goes the whole road in order, and finishes after the release")
    func wholeRoad() {
        var machine = Self.machine(before: Self.road.count - 1)
        #expect(machine.next(.done) == .finish(.completed))
    }

    @Test("a turn that was opened in one step is announced, and neither locked nor loaded again")
    func openedInOneStep() {
        var machine = Self.machine(before: Self.index(of: .openTurn))
        #expect(machine.next(.opened) == .announce)
        #expect(machine.next(.done) == .routeTools)
    }

    @Test("an opening that may hold the lock gives it back")
    func openingOfUnknownOutcome() {
        var machine = Self.machine(before: Self.index(of: .openTurn))
        let error = EngineError(.outcomeUnknown, reason: "TEST", "no answer")
        #expect(machine.next(.failed(error)) == .releaseLock)
        #expect(machine.next(.done) == .finish(.failed(error)))
    }

    @Test("asks the model at once when no tool is needed")
    func noTools() {
        var machine = Self.machine(before: Self.index(of: .routeTools))
        #expect(machine.next(.routed(calls: 0)) == .askModel)
    }

    @Test("a failure before the lock ends the turn at once", arguments: [0, 1])
    func failureBeforeLock(step: Int) {
        var machine = Self.machine(before: step)
        #expect(machine.next(.failed(Self.error)) == .finish(.failed(Self.error)))
    }

    @Test("a failure under the lock releases it first", arguments: 3..<11)
    func failureUnderLock(step: Int) {
        var machine = Self.machine(before: step)
        #expect(machine.next(.failed(Self.error)) == .releaseLock)
        #expect(machine.next(.done) == .finish(.failed(Self.error)))
    }

    @Test("a refused lock ends the turn without a release, and says that the session is busy")
    func refusedLock() {
        var machine = Self.machine(before: Self.index(of: .acquireLock))
        let refusal = EngineError(.lockNotAcquired, reason: "NOT_ACQUIRED", "held", retryAfter: .seconds(3))
        let error = Self.failure(of: machine.next(.failed(refusal)))
        #expect(error?.kind == .sessionBusy && error?.reason == "SESSION_BUSY" && error?.retryAfter == .seconds(3))
    }

    @Test("a lock that may be held is released", arguments: [EngineError.Kind.outcomeUnknown, .internalError])
    func unknownLock(kind: EngineError.Kind) {
        var machine = Self.machine(before: Self.index(of: .acquireLock))
        let error = EngineError(kind, reason: "TEST", "no answer")
        #expect(machine.next(.failed(error)) == .releaseLock)
        #expect(machine.next(.failed(Self.error)) == .finish(.failed(error)))
    }

    @Test(
        "an interruption anywhere before the append ends the turn, after the lock is given back",
        arguments: 1..<10,
        [
            (Interruption.callCancelled, EngineError.Kind.cancelled, "CANCELLED"),
            (.turnCancelled, .cancelled, "TURN_CANCELLED"),
            (.lockLost(.forced), .lockLost, "LOCK_LOST"),
            (.sessionDeleted, .sessionDeleted, "SESSION_DELETED"),
            (.deadlinePassed, .deadlineExceeded, "TURN_TIME_LIMIT"),
            (.toolOverran("clock"), .toolOverran, "TOOL_OVERRAN"),
        ])
    func interruption(step: Int, interruption: (Interruption, EngineError.Kind, String)) {
        var machine = Self.machine(before: step)
        var action = machine.next(.interrupted(interruption.0))
        if step >= Self.index(of: .openTurn) {
            #expect(action == .releaseLock)
            action = machine.next(.done)
        }
        let error = Self.failure(of: action)
        #expect(error?.kind == interruption.1 && error?.reason == interruption.2)
    }

    @Test("a stored turn is answered from the store, before the lock is taken")
    func replayBeforeLock() {
        var machine = Self.machine(before: Self.index(of: .openTurn))
        #expect(machine.next(.turn(Self.stored())) == .emitReplay(Self.stored()))
        #expect(machine.next(.done) == .finish(.replayed(Self.stored())))
    }

    @Test("a turn that was stored while this one stood in line is answered after the lock is given back")
    func replayUnderLock() {
        var machine = Self.machine(before: Self.index(of: .findTurnUnderLock))
        #expect(machine.next(.turn(Self.stored())) == .releaseLock)
        #expect(machine.next(.done) == .emitReplay(Self.stored()))
        #expect(machine.next(.done) == .finish(.replayed(Self.stored())))
    }

    @Test("a replay whose reader is gone fails")
    func replayFails() {
        var machine = Self.machine(before: Self.index(of: .openTurn))
        _ = machine.next(.turn(Self.stored()))
        #expect(machine.next(.failed(Self.error)) == .finish(.failed(Self.error)))
    }

    @Test("a turn id of a different request is refused, before and under the lock")
    func mismatch() {
        let other = Self.stored(RequestHash(high: 1, low: 3))
        var machine = Self.machine(before: Self.index(of: .openTurn))
        #expect(Self.failure(of: machine.next(.turn(other)))?.kind == .turnMismatch)

        machine = Self.machine(before: Self.index(of: .findTurnUnderLock))
        #expect(machine.next(.turn(other)) == .releaseLock)
        #expect(Self.failure(of: machine.next(.done))?.kind == .turnMismatch)
    }

    @Test(
        "an append that changed nothing says why, after the lock is given back",
        arguments: [
            (AppendOutcome.lockLost, EngineError.Kind.lockLost), (.sessionDeleted, .sessionDeleted),
            (.duplicate(stored(RequestHash(high: 9, low: 9))), .turnMismatch),
        ])
    func appendRefused(outcome: AppendOutcome, kind: EngineError.Kind) {
        var machine = Self.machine(before: Self.index(of: .append))
        #expect(machine.next(.appendOutcome(outcome)) == .releaseLock)
        #expect(Self.failure(of: machine.next(.done))?.kind == kind)
    }

    @Test("an append without an answer is an unknown outcome, and the lock is given back")
    func appendUnknown() {
        var machine = Self.machine(before: Self.index(of: .append))
        let error = EngineError.outcomeUnknown("the turn")
        #expect(machine.next(.failed(error)) == .releaseLock)
        #expect(machine.next(.done) == .finish(.failed(error)))
    }

    @Test("a turn that another call stored meanwhile is its answer, unless a stream has begun to tell another")
    func answeredElsewhere() {
        var whole = Self.machine(before: Self.index(of: .append), streams: false)
        #expect(whole.next(.appendOutcome(.duplicate(Self.stored()))) == .releaseLock)
        #expect(whole.next(.done) == .emitReplay(Self.stored()))

        var stream = Self.machine(before: Self.index(of: .append), streams: true)
        #expect(stream.next(.appendOutcome(.duplicate(Self.stored()))) == .releaseLock)
        let error = Self.failure(of: stream.next(.done))
        #expect(error?.kind == .outcomeUnknown && error?.reason == "ANSWERED_ELSEWHERE")
    }

    @Test("a lock that cannot be released does not change how the turn ended")
    func releaseFails() {
        var machine = Self.machine(before: Self.index(of: .releaseLock))
        #expect(machine.next(.failed(Self.error)) == .finish(.completed))
    }

    @Test("an append that was sent cannot be interrupted")
    func appendIsNotInterrupted() async {
        await #expect(processExitsWith: .failure) {
            var machine = TurnMachineTests.machine(before: TurnMachineTests.index(of: .append))
            _ = machine.next(.interrupted(.callCancelled))
        }
    }
}
