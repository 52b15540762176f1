// A clock that tests move. Timers fire at once and take the clock along, or wait for a cancellation that never fires
// them.

import ChatEngine
import Synchronization

/// Time that passes only when somebody waits for it.
final class ManualClock: EngineClock {
    private struct State {
        var now = ContinuousClock.now
        var waits: [Duration] = []
    }
    private let state = Mutex(State())
    private let firesTimers: Bool
    let start: ContinuousClock.Instant

    init(firesTimers: Bool = true) {
        self.firesTimers = firesTimers
        start = state.withLock { $0.now }
    }

    var now: ContinuousClock.Instant { state.withLock { $0.now } }
    var elapsed: Duration { start.duration(to: now) }
    /// How long each timer was to run.
    var waits: [Duration] { state.withLock { $0.waits } }
    /// 2026-01-01T00:00:00Z.
    var wallMicroseconds: Int64 { 1_767_225_600_000_000 }

    func advance(to instant: ContinuousClock.Instant) {
        state.withLock { $0.now = max($0.now, instant) }
    }

    func schedule(
        at instant: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void
    ) -> any EngineTimer {
        state.withLock { state in
            state.waits.append(state.now.duration(to: instant))
            if firesTimers { state.now = max(state.now, instant) }
        }
        if firesTimers { action() }
        return Timer()
    }

    private struct Timer: EngineTimer {
        func cancel() {}
    }
}
