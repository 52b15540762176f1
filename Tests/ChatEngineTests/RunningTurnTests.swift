// The one point at which a turn cannot be cancelled any more, and what racing threads see of it.

import EngineConformance
import Testing

@testable import ChatEngine

@Suite("Running turn")
struct RunningTurnTests {
    private func turn(_ cancel: @escaping @Sendable () -> Void = {}) -> RunningTurn {
        RunningTurn(owner: "o", sessionID: "s", turnID: "t", cancel: cancel)
    }

    @Test("the first reason counts, and cancels the task once")
    func firstReason() {
        let count = Guarded(0)
        let turn = turn { count.withLock { $0 += 1 } }
        #expect(turn.interrupt(.turnCancelled) && turn.interrupt(.sessionDeleted))
        #expect(turn.interruption == .turnCancelled && count.value == 1)
        #expect(!turn.seal())
    }

    @Test("a sealed turn is not interrupted, and its task not cancelled")
    func sealed() {
        let count = Guarded(0)
        let turn = turn { count.withLock { $0 += 1 } }
        #expect(turn.seal() && turn.seal())
        #expect(!turn.interrupt(.turnCancelled))
        #expect(turn.interruption == nil && count.value == 0)
    }

    @Test("of several calls with one turn id, one that is past the point makes a cancellation too late")
    func cancelsAllOrIsTooLate() throws {
        let turns = RunningTurns(countMax: 10)
        let (first, second) = (turn(), turn())
        for turn in [first, second] { try turns.add(turn) }
        #expect(turns.cancel(owner: "o", sessionID: "other", turnID: "t") == .notRunning)
        #expect(first.seal())
        #expect(turns.cancel(owner: "o", sessionID: nil, turnID: "t") == .tooLate)
        // The one that stood in line ends all the same.
        #expect(second.interruption == .turnCancelled)
        turns.remove(first)
        #expect(turns.cancel(owner: "o", sessionID: "s", turnID: "t") == .cancelling)
    }

    @Test("of a seal and an interruption at the same time exactly one wins")
    func race() async {
        for _ in 0..<500 {
            let turn = turn()
            async let interrupted = Task.detached { turn.interrupt(.turnCancelled) }.value
            async let sealed = Task.detached { turn.seal() }.value
            let results = await (interrupted, sealed)
            #expect(results.0 != results.1)
        }
    }
}
