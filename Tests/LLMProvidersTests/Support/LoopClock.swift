// Real time, on a loop's timers.

import ChatEngine
import IOLoop

/// The engine's clock for tests that go over real sockets.
struct LoopClock: EngineClock {
    let loop: IOLoop

    var now: ContinuousClock.Instant { .now }
    var wallMicroseconds: Int64 { 1_767_225_600_000_000 }

    func schedule(at instant: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> any EngineTimer {
        Timer(timer: loop.schedule(at: instant, action))
    }

    private struct Timer: EngineTimer {
        let timer: LoopTimer
        func cancel() { timer.cancel() }
    }
}
