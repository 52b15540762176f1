// Time that stands still until a test moves it. Shared by every test of the engine and of stores with a clock of their
// own.

public import ChatEngine
internal import Synchronization

/// An `EngineClock` moved by hand. Actions run on the thread that moves it, in the order of their instants.
public final class ManualClock: EngineClock {
    private struct Entry {
        var id: UInt64
        var instant: ContinuousClock.Instant
        var action: @Sendable () -> Void
    }

    private struct State {
        var now: ContinuousClock.Instant
        var wallMicroseconds: Int64
        var entries: [Entry] = []
        var lastID: UInt64 = 0
    }

    private final class Timer: EngineTimer {
        let clock: ManualClock
        let id: UInt64

        init(clock: ManualClock, id: UInt64) {
            self.clock = clock
            self.id = id
        }

        func cancel() { clock.state.withLock { $0.entries.removeAll { $0.id == id } } }
    }

    private let state: Mutex<State>

    /// A clock that stands at `wallMicroseconds` since 1970.
    public init(wallMicroseconds: Int64 = 1_800_000_000_000_000) {
        state = Mutex(State(now: ContinuousClock().now, wallMicroseconds: wallMicroseconds))
    }

    public var now: ContinuousClock.Instant { state.withLock { $0.now } }

    public var wallMicroseconds: Int64 { state.withLock { $0.wallMicroseconds } }

    @discardableResult
    public func schedule(
        at instant: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void
    ) -> any EngineTimer {
        let (id, isDue) = state.withLock { state in
            state.lastID += 1
            state.entries.append(Entry(id: state.lastID, instant: instant, action: action))
            return (state.lastID, instant <= state.now)
        }
        // Soon, as the port says, and without another move: a caller that decided to schedule before the clock was
        // moved, and came to do it after that, would wait for ever.
        if isDue { Task { self.run(id) } }
        return Timer(clock: self, id: id)
    }

    /// Runs an action that is due, unless it ran or was cancelled meanwhile.
    private func run(_ id: UInt64) {
        let entry = state.withLock { state -> Entry? in
            guard let index = state.entries.firstIndex(where: { $0.id == id }) else { return nil }
            return state.entries.remove(at: index)
        }
        entry?.action()
    }

    /// How many actions wait for their time.
    public var timerCount: Int { state.withLock { $0.entries.count } }

    /// Moves both clocks, running what is due on the way, each at its own instant.
    public func advance(by duration: Duration) {
        let target = now + duration
        while let action = takeNext(until: target) { action() }
    }

    /// Runs what is due now, such as actions that were scheduled for the past.
    public func runDue() { advance(by: .zero) }

    /// Moves the system's clock alone, as an operator or a time server does.
    public func jumpWall(by duration: Duration) {
        state.withLock { $0.wallMicroseconds += Self.microseconds(duration) }
    }

    /// The next action that is due by `target`; with none left, moves both clocks there. In one step: an action that is
    /// scheduled between the last look and the move would not be due yet, and nobody would look again.
    private func takeNext(until target: ContinuousClock.Instant) -> (@Sendable () -> Void)? {
        state.withLock { state in
            let due = state.entries.indices.filter { state.entries[$0].instant <= target }
            let next = due.min {
                let (first, second) = (state.entries[$0], state.entries[$1])
                return (first.instant, first.id) < (second.instant, second.id)
            }
            guard let next else {
                Self.move(&state, to: target)
                return nil
            }
            let entry = state.entries.remove(at: next)
            Self.move(&state, to: entry.instant)
            return entry.action
        }
    }

    private static func move(_ state: inout State, to instant: ContinuousClock.Instant) {
        guard instant > state.now else { return }
        state.wallMicroseconds += microseconds(instant - state.now)
        state.now = instant
    }

    private static func microseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
    }
}
