// Signals without handlers: they are blocked in every thread, and the main thread waits for them with sigwait(3).

internal import Glibc
internal import Synchronization

/// SIGINT, SIGTERM and SIGHUP as calls of a closure, on the main thread. One per process.
final class SignalWatch: Sendable {
    /// What becomes of a signal.
    typealias Handler = @Sendable (_ signal: Int32) -> Void

    private struct State {
        var first: Int32?
        /// The last one is in charge.
        var handlers: [(id: Int, handler: Handler)] = []
        var nextID = 0
    }
    private let state = Mutex(State())
    private let watched: sigset_t

    /// The one watch, for verbs that want signals for themselves.
    static let shared = SignalWatch()

    private init() {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] where !Self.isIgnored(signal) { sigaddset(&signals, signal) }
        watched = signals
    }

    /// The first signal that came; nil when none did.
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

    /// A signal cancels the program; another one after it ends the process at once.
    func cancels(_ program: Task<Never, Never>) {
        let hasCancelled = Atomic(false)
        add { signal in
            if hasCancelled.exchange(true, ordering: .relaxed) { _exit(128 + signal) }
            program.cancel()
        }
    }

    /// Gives signals to `handler` instead of whoever had them, while `body` runs.
    func redirect<R>(
        to handler: @escaping Handler, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> R
    ) async rethrows -> R {
        let id = add(handler)
        defer { state.withLock { state in state.handlers.removeAll { $0.id == id } } }
        return try await body()
    }

    @discardableResult
    private func add(_ handler: @escaping Handler) -> Int {
        state.withLock { state in
            state.nextID += 1
            state.handlers.append((state.nextID, handler))
            return state.nextID
        }
    }

    private func came(_ signal: Int32) {
        let handler = state.withLock { state in
            if state.first == nil { state.first = signal }
            return state.handlers.last?.handler
        }
        guard let handler else { _exit(128 + signal) }
        handler(signal)
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
