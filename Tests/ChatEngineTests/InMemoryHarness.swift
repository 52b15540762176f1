// The in-memory store and lock manager on a clock moved by hand, for the conformance suites and the engine's tests.

import ChatEngine
import EngineConformance

struct InMemoryHarness: StoreHarness {
    let clock: ManualClock
    let lockManager: InMemoryLockManager
    let sessionStore: InMemorySessionStore

    init(
        lockLimits: InMemoryLockLimits = InMemoryLockLimits(),
        storeLimits: InMemoryStoreLimits = InMemoryStoreLimits()
    ) {
        clock = ManualClock()
        lockManager = InMemoryLockManager(clock: clock, limits: lockLimits)
        sessionStore = InMemorySessionStore(locks: lockManager, clock: clock, limits: storeLimits)
    }

    var locks: any LockManager { lockManager }
    var store: any SessionStore { sessionStore }
    var now: ContinuousClock.Instant { clock.now }
    var wallMicroseconds: Int64 { clock.wallMicroseconds }
    var canSkipDays: Bool { true }

    func advance(by duration: Duration) async { clock.advance(by: duration) }
}
