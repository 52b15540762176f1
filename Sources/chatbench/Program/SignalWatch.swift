// Ctrl-C and its kin without handlers: the signals are blocked in every thread, and the main thread waits for them.

internal import Glibc
internal import Synchronization

/// SIGINT, SIGTERM and SIGHUP. The first one goes to whoever heeds signals; it ends the process where nobody does, and
/// so does every further one.
final class SignalWatch: Sendable {
    /// The one watch of the process.
    static let shared = SignalWatch()

    private struct State {
        var first: Int32?
        var handler: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())
    private let watched: sigset_t

    private init() {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] where !Self.isIgnored(signal) { sigaddset(&signals, signal) }
        watched = signals
    }

    /// The signal that was heeded; nil while none came.
    var first: Int32? { state.withLock { $0.first } }

    /// Blocks the signals for this thread and those made after it.
    func block() {
        var signals = watched
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits for signals for ever, on the thread that calls it.
    func watch() -> Never {
        var signals = watched
        while true {
            var signal: Int32 = 0
            if sigwait(&signals, &signal) == 0 { came(signal) }
        }
    }

    /// Has the first signal call `handler`, on the watching thread, while `body` runs. Not to be nested.
    func heeding<R>(by handler: @escaping @Sendable () -> Void, _ body: () async throws -> R) async rethrows -> R {
        state.withLock { $0.handler = handler }
        defer { state.withLock { $0.handler = nil } }
        return try await body()
    }

    private func came(_ signal: Int32) {
        let handler = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.first == nil, let handler = state.handler else { return nil }
            state.first = signal
            return handler
        }
        guard let handler else { _exit(ExitStatus.ended(by: signal)) }
        handler()
    }

    /// As nohup and background jobs of a shell ask for; sigwait would take such a signal all the same.
    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(signal, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else {
            return false
        }
        return unsafeBitCast(handler, to: Int.self) == 1
    }
}

/// Sleeps that a signal ends.
final class Alarm: Sendable {
    private struct State {
        var isOver = false
        var sleeper: Task<Void, Never>?
    }
    private let state = Mutex(State())

    /// True once it was rung: nobody sleeps any more.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// Suspends until then, or until it is rung.
    func sleep(until instant: ContinuousClock.Instant) async {
        let sleeper = Task.detached { () -> Void in try? await Task.sleep(until: instant, clock: .continuous) }
        let isOver = state.withLock { state in
            state.sleeper = sleeper
            return state.isOver
        }
        if isOver { sleeper.cancel() }
        await sleeper.value
    }

    /// Wakes whoever sleeps.
    func ring() {
        let sleeper = state.withLock { state in
            state.isOver = true
            return state.sleeper
        }
        sleeper?.cancel()
    }
}
