// A store on the shared redis-server under keys of its own, in real time, for the conformance suites and the tests of
// this folder.

import ChatEngine
import EngineConformance
import Glibc
import IOLoop
import RedisSupport
import Testing

@testable import RedisStore

/// The system's time and a loop's timers.
struct RealClock: EngineClock {
    let loop: IOLoop

    var now: ContinuousClock.Instant { .now }

    var wallMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    func schedule(at instant: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> any EngineTimer {
        Timer(timer: loop.schedule(at: instant, action))
    }

    private struct Timer: EngineTimer {
        let timer: LoopTimer

        func cancel() { timer.cancel() }
    }
}

/// An open store.
struct RedisHarness: StoreHarness {
    let server: RedisProcess
    let cacheKey: String
    let clock: RealClock
    let opened: RedisStore
    let health: Guarded<[RedisHealth]>

    /// Two loops, as a server on two cores has; they live as long as the process.
    static let loops: [IOLoop] = (0..<2).map { index in
        do { return try IOLoop(label: "redis-test-\(index)") } catch { fatalError("a test needs a loop: \(error)") }
    }

    /// - Parameters:
    ///   - server: nil for the shared one.
    ///   - cacheKey: nil for a fresh one.
    static func open(
        _ server: RedisProcess? = nil, url: String? = nil, cacheKey: String? = nil, sharedOwner: String = "",
        loops: [IOLoop] = loops, change: (inout RedisStoreOptions) -> Void = { _ in }
    ) async throws -> RedisHarness {
        let (shared, name) = try await SharedRedis.get()
        let server = server ?? shared
        let clock = RealClock(loop: loops[0])
        var options = RedisStoreOptions()
        options.cacheKey = cacheKey ?? name
        options.sharedOwner = sharedOwner
        change(&options)
        let health = Guarded<[RedisHealth]>([])
        let opened = try await RedisStore.open(
            try RedisAddress(url ?? server.url), loops: loops, clock: clock, options: options
        ) { state in
            health.withLock { $0.append(state) }
        }
        return RedisHarness(
            server: server, cacheKey: options.cacheKey, clock: clock, opened: opened, health: health)
    }

    /// Opens a fresh store for `body` and closes it after that.
    static func with(
        sharedOwner: String = "", _ body: (RedisHarness) async throws -> Void
    ) async throws {
        let harness = try await open(sharedOwner: sharedOwner)
        do {
            try await body(harness)
        } catch {
            await harness.opened.close()
            throw error
        }
        await harness.opened.close()
    }

    var locks: any LockManager { opened.locks }
    var store: any SessionStore { opened.sessions }
    var now: ContinuousClock.Instant { clock.now }
    var wallMicroseconds: Int64 { clock.wallMicroseconds }
    var canSkipDays: Bool { false }

    /// Time passes by itself: Redis has no other clock.
    func advance(by duration: Duration) async { try? await Task.sleep(for: duration) }

    /// Asks the server itself.
    @discardableResult
    func ask(_ words: String...) async throws -> String? { try await ask(words) }

    @discardableResult
    func ask(_ words: [String]) async throws -> String? {
        try await TestConnection(Self.loops[0], server).ask(words)
    }

    func eventually(
        _ what: String, within limit: Duration = .seconds(10), _ condition: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < end else { throw NeverCame(what: what) }
            await Task.yield()
        }
    }

    /// True when every loop is connected, each after it noticed what happened.
    func isServed() async throws -> Bool {
        guard case .ready = health.value.last else { return false }
        for loop in Self.loops {
            do {
                let store = store
                _ = try await LoopActor(loop).run { _ in try await store.session(owner: "", id: "nobody") }
            } catch is EngineError { return false }
        }
        return true
    }

    /// Walks over everything once, or waits where another replica does it.
    ///
    /// - Parameter atItsPace: with the pauses that it asks for.
    func repairAll(atItsPace: Bool = false) async throws {
        for _ in 0..<10_000 {
            let pause = try await opened.repairLists()
            if pause > .seconds(1) { return }
            if atItsPace { try await Task.sleep(for: pause) }
        }
        throw NeverCame(what: "the end of a repair")
    }

    struct NeverCame: Error {
        let what: String
    }

    // MARK: What the engine does

    /// Stores one turn of a question and an answer, as a turn of the engine does that has its session to itself.
    @discardableResult
    func append(
        _ turn: String, session: String = "s", owner: String = "", question: String = "q", answer: String = "a",
        idleLifetime: Duration? = .seconds(3600)
    ) async throws -> AppendOutcome {
        let opened = try await open(turn, session: session, owner: owner, idleLifetime: idleLifetime)
        guard case .opened(let lease, let window) = opened else { throw NeverCame(what: "\(opened)") }
        return try await store.append(
            Self.turn(
                turn, lease: lease, generation: window.session?.generation, question: question, answer: answer,
                wall: wallMicroseconds, idleLifetime: idleLifetime))
    }

    func open(
        _ turn: String, session: String = "s", owner: String = "", token: LockToken = .random(),
        window: WindowLimit = WindowLimit(messages: 40), idleLifetime: Duration? = .seconds(3600)
    ) async throws -> TurnOpened {
        try await store.openTurn(
            TurnOpening(
                owner: owner, sessionID: session, turnID: turn,
                lock: LockRequest(
                    key: LockKey(.session, owner: owner, name: session), token: token, timeToLive: .seconds(10)),
                window: window, idleLifetime: idleLifetime))
    }

    static func turn(
        _ id: String, lease: LockLease, generation: UInt64?, question: String = "q", answer: String = "a",
        wall: Int64, idleLifetime: Duration? = .seconds(3600)
    ) -> TurnAppend {
        TurnAppend(
            owner: lease.key.owner, sessionID: lease.key.name, userID: "u", title: question, lockKey: lease.key,
            lockToken: lease.token, generation: generation,
            messages: [
                StoredMessage(role: .user, text: question, turnID: id, createdAtMicroseconds: wall),
                StoredMessage(role: .assistant, text: answer, turnID: id, createdAtMicroseconds: wall, model: "m"),
            ],
            turn: StoredTurn(
                id: id, requestHash: RequestHash(high: 1, low: .max), text: answer, model: "m", finishReason: .stop,
                usage: TokenUsage(), toolRuns: [], finishedAtMicroseconds: wall),
            idleLifetime: idleLifetime)
    }

    /// The texts of a session, in order.
    func texts(session: String = "s", owner: String = "") async throws -> [String] {
        var texts: [String] = []
        var token: String?
        repeat {
            let page = try await store.messages(
                owner: owner, sessionID: session, order: .oldestFirst, limit: PageLimit(items: 1000, bytes: 10_000_000),
                pageToken: token)
            texts += page?.items.map(\.text) ?? []
            token = page?.nextToken
        } while token != nil
        return texts
    }
}
