// When to ask a server for a sign of life, and when to take it for dead. Pure.
//
// The first PING goes out as soon as the connection stands. A PONG says that the server knows the extensions; one that
// never answers is a stock ttrpc server, which is never asked again nor judged.

/// The keep-alive of one connection.
struct KeepAlive: Sendable {
    enum Step: Sendable, Equatable {
        /// Nothing to do before then.
        case wait(until: ContinuousClock.Instant)
        /// Send a PING, and come back then.
        case ping(until: ContinuousClock.Instant)
        /// The server is dead.
        case dead
    }

    private let interval: Duration
    private let timeout: Duration
    private let pingsWhenIdle: Bool
    private var nextPing: ContinuousClock.Instant
    /// Set while a PING waits for its answer.
    private var askedAt: ContinuousClock.Instant?
    /// True when the server knows PING, CANCEL and DRAIN.
    private(set) var hasExtensions = false

    /// The connection stands and its first PING is being sent.
    init(interval: Duration, timeout: Duration, pingsWhenIdle: Bool, now: ContinuousClock.Instant) {
        self.interval = interval
        self.timeout = timeout
        self.pingsWhenIdle = pingsWhenIdle
        nextPing = now + interval
    }

    /// Bytes came, of whatever kind: the server lives. A PONG may wait behind a long reply.
    @inline(__always)
    mutating func heard() { askedAt = nil }

    /// A PONG came. Returns true when it is the first.
    mutating func ponged() -> Bool {
        defer { hasExtensions = true }
        return !hasExtensions
    }

    /// Reading goes on after a pause in which an answer could not be seen.
    mutating func readingResumed(at now: ContinuousClock.Instant) {
        if askedAt != nil { askedAt = now }
    }

    /// - Parameters:
    ///   - isIdle: no call is in flight.
    ///   - isReadingPaused: we do not read, so the server's silence says nothing.
    mutating func step(at now: ContinuousClock.Instant, isIdle: Bool, isReadingPaused: Bool) -> Step {
        if let asked = askedAt {
            if isReadingPaused {
                askedAt = now
                return .wait(until: now + timeout)
            }
            return now >= asked + timeout ? .dead : .wait(until: asked + timeout)
        }
        guard now >= nextPing else { return .wait(until: nextPing) }
        nextPing = now + interval
        guard hasExtensions, pingsWhenIdle || !isIdle else { return .wait(until: nextPing) }
        askedAt = now
        return .ping(until: now + min(timeout, interval))
    }
}
