// The service is killed in the middle of concurrent turns, with power failures in between, and loses nothing that it
// acknowledged; the same check finds loss where there is some.
//
// CHAT_CRASH_KILLS sets how often each run kills (`verify` in this folder sets 200), CHAT_CRASH_SEED which seed it
// starts from: a failed run prints its own.

import Glibc
import Testing

/// The root of this folder's suites that start chatd: one after the other, each is work for all cores.
@Suite("Killed", .serialized, .timeLimit(.minutes(15)))
enum Killed {
    static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
    static let seed = UInt64(number("CHAT_CRASH_SEED") ?? 1)

    /// How often a run kills: `short` in the ordinary tests.
    static func kills(short: Int) -> Int { number("CHAT_CRASH_KILLS") ?? short }

    static func show(_ report: CrashReport) { print("crash run: \(report)") }
}

extension Killed {
    @Suite("in the middle of concurrent turns")
    struct TurnTests {
        @Test("every acknowledged turn is there once, none is half, order is kept, and locks keep their leases")
        func sqlite() async throws {
            let plan = CrashPlan(seed: Killed.seed, kills: Killed.kills(short: 16))
            let report = try await CrashRun.run(plan)
            Killed.show(report)
            #expect(report.findings == [], "\(report)")
            #expect(report.kills == plan.kills)
            // The run is worth something: turns were cut off and repeated, power cuts took things back.
            #expect(report.figures.acknowledged > plan.kills)
            #expect(report.figures.retried > 0)
            #expect(report.dropped > 0)
        }

        @Test("a disk that lies about its syncs loses turns when power fails, and the check finds them")
        func liar() async throws {
            let plan = CrashPlan(
                seed: Killed.seed, kills: Killed.kills(short: 4), cuts: [.dropsAll, .dropsNewest], skipsSync: true)
            let report = try await CrashRun.run(plan)
            Killed.show(report)
            #expect(report.lost > 0, "\(report)")
        }

        @Test("a store that is not durable loses turns, and the check finds them")
        func memory() async throws {
            let plan = CrashPlan(seed: Killed.seed, kills: 2, cuts: [.keepsAll], isDurable: false)
            let report = try await CrashRun.run(plan)
            Killed.show(report)
            #expect(report.lost > 0, "\(report)")
        }
    }
}
