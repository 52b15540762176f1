// The engine's time, on the loops.

internal import ChatEngine
internal import Glibc
internal import IOLoop

/// Time and timers for the engine. A timer runs on the loop that asked for it, or on the first one when asked from
/// elsewhere.
struct LoopClock: EngineClock {
    private let fallback: IOLoop

    init(fallback: IOLoop) { self.fallback = fallback }

    // Not the loop's cached time: what a turn reports of itself would be 0 within a pass.
    var now: ContinuousClock.Instant { .now }

    var wallMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    func schedule(
        at instant: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void
    ) -> any EngineTimer {
        Timer(timer: (IOLoop.current ?? fallback).schedule(at: instant, action))
    }

    private struct Timer: EngineTimer {
        let timer: LoopTimer

        func cancel() { timer.cancel() }
    }
}
