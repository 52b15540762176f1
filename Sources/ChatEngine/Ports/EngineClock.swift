// The port to time. The server implements it on its loops, tests by hand; the engine itself never asks the system.

/// Time and timers. Called from any thread.
public protocol EngineClock: Sendable {
    /// For deadlines and spans; never goes back.
    var now: ContinuousClock.Instant { get }

    /// Microseconds since 1970, for what is stored, shown, and for fencing numbers. May jump with the system's clock.
    var wallMicroseconds: Int64 { get }

    /// Runs `action` once, at `instant` or soon after, on a thread of the clock's choice.
    ///
    /// The action is short and does not block. An instant in the past means: soon, and not inside this call, since the
    /// caller may hold a mutex that the action takes.
    @discardableResult
    func schedule(
        at instant: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void
    ) -> any EngineTimer
}

/// A timer that was scheduled. Dropping it does not cancel it.
public protocol EngineTimer: Sendable {
    /// Lets go of the action. One that just began on another thread still runs to its end, so actions check whether
    /// they are still wanted. Harmless when called twice or too late.
    func cancel()
}
