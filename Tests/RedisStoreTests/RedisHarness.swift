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
}
