// The clock that tests move by hand: what is scheduled while it moves runs all the same.

import EngineConformance
import Synchronization
import Testing

@Suite("The clock moved by hand", .timeLimit(.minutes(1)))
struct ManualClockTests {
    /// Lets two threads begin at the same moment.
    private final class Gate: Sendable {
        private let arrived = Atomic(0)

        func pass() {
            arrived.add(1, ordering: .relaxed)
            // Bounded, for machines whose threads are busy.
            for _ in 0..<1000 where arrived.load(ordering: .relaxed) < 2 {}
        }
    }

    @Test("an action that is scheduled while the clock moves past its instant runs")
    func schedulesWhileMoving() async throws {
        let actions = 50
        // Of so many moves, as measured, one or a few end while the other thread is about to schedule.
        for round in 0..<1000 {
            let clock = ManualClock()
            let instant = clock.now + .seconds(1)
            let ran = Guarded(0)
            let gate = Gate()
            async let scheduling: Void = onAnotherThread {
                gate.pass()
                for _ in 0..<actions { clock.schedule(at: instant) { ran.withLock { $0 += 1 } } }
            }
            gate.pass()
            clock.advance(by: .seconds(2))
            await scheduling
            for _ in 0..<100_000 where ran.value < actions { await Task.yield() }
            try #require(ran.value == actions, "an action of round \(round) was forgotten")
        }
    }

    @concurrent
    private func onAnotherThread(_ body: @Sendable () -> Void) async { body() }
}
