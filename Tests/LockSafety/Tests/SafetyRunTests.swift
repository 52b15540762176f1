// Runs with real servers, callers and a nemesis, a few seconds each. `verify` in this folder does long ones.

import LockHistories
import LockSafety
import Testing

@Suite("Locks while processes are stopped and killed", .serialized, .timeLimit(.minutes(3)))
struct SafetyRunTests {
    /// Short leases and short pauses, so that many fit into a few seconds.
    private static var plan: SafetyPlan {
        var plan = SafetyPlan()
        plan.ttl = .milliseconds(500)
        plan.pause = 600...1000
        plan.calm = 50...200
        plan.keys = 3
        plan.acquisitions = 200
        plan.duration = .seconds(20)
        return plan
    }

    @Test("one server in memory: no increment is lost, and every answer fits")
    func memory() async throws {
        let report = try await SafetyRun.run(Self.plan)
        print("lock safety: \(report)")
        #expect(report.findings == [])
        #expect(report.lost.fenced == 0)
        #expect(report.acquisitions > 0 && report.written.fenced > 0)
        #expect(report.callerPauses > 0 && report.callerKills > 0)
    }

    @Test("a server that forgets its leases is found out")
    func forgets() async throws {
        var plan = Self.plan
        plan.killsServers = true
        plan.pausesServers = false
        // Longer leases than the server is down, which would end by themselves otherwise.
        plan.ttl = .seconds(3)
        plan.duration = .seconds(5)
        plan.acquisitions = 100_000
        let report = try await SafetyRun.run(plan)
        #expect(report.serverKills > 0)
        #expect(report.findings.contains { $0.contains("no order of the") }, "\(report)")
        // It forgets who holds what, but its fences still grow, and they alone keep the counters right.
        #expect(report.lost.fenced == 0)
    }

    @Test("servers that share no store are found out")
    func shareNothing() async throws {
        var plan = Self.plan
        plan.servers = 3
        plan.duration = .seconds(3)
        plan.acquisitions = 100_000
        let report = try await SafetyRun.run(plan)
        #expect(report.findings.contains { $0.contains("no order of the") }, "\(report)")
    }

    @Test("a command line says what a run does")
    func commandLine() throws {
        let plan = try #require(
            SafetyPlan(["--store", "redis://127.0.0.1:6379/0", "--servers", "3", "--seed", "7", "--kill-servers"]))
        #expect(plan.store == "redis://127.0.0.1:6379/0" && plan.servers == 3 && plan.seed == 7 && plan.killsServers)
        #expect(SafetyPlan(["--servers", "3"]) == nil)
        #expect(SafetyPlan(["--kill-servers"]) == nil)
        #expect(SafetyPlan(["--seconds"]) == nil)
        #expect(SafetyPlan(["--unknown"]) == nil)
    }
}
