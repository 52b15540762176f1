// The power cut itself, tried on SQLite alone: it loses nothing that was synced, and it does lose what was not.

import EngineConformance
import Glibc
import Testing

@Suite("The simulated power failure", .timeLimit(.minutes(2)))
struct PowerCutTests {
    /// Runs the peer until it is killed, cuts the power, and returns what it had committed and what is left.
    private func cutPeer(
        _ kill: String, _ style: CutStyle, seed: UInt64, synchronous: String = "FULL", skipsSync: Bool = false
    ) async throws -> (committed: [Int], left: [Int], outcome: PowerCut.Outcome, integrity: String) {
        let folder = try TestFolder()
        let database = folder.path + "/peer.db"
        let log = folder.path + "/log"
        var variables = [
            "LD_PRELOAD": try await Tools.powerLoss(), "POWERLOSS_DATABASE": database, "POWERLOSS_LOG": log,
            "POWERLOSS_KILL": kill,
        ]
        if skipsSync { variables["POWERLOSS_SYNC"] = "skip" }
        let peer = try await Tools.sqlitePeer()
        let end = try await RunningProgram.run(peer, ["commit", database, "200", synchronous], variables: variables)
        try #require(end.wasKilled, "\(end.output)")
        let cut = PowerCut(database: database, log: log)
        try cut.repairLog()
        var random = SeededGenerator(seed: seed)
        let outcome = try cut.apply(style, using: &random)
        let integrity = try await Tools.integrity(of: database, in: folder)
        let left = try await RunningProgram.run(peer, ["rows", database]).output
        return (numbers(end.output), numbers(left), outcome, integrity)
    }

    private func numbers(_ text: String) -> [Int] { text.split(separator: "\n").compactMap { Int($0) } }

    @Test("what was synced is left, whole, in every style and at every kind of moment", arguments: 0..<12)
    func keepsWhatWasSynced(number: Int) async throws {
        let style = CutStyle.allCases[number % CutStyle.allCases.count]
        let kind = ["storage", "sync", "write"][number % 3]
        let moment = ["before", "middle", "after"][number / 4]
        let result = try await cutPeer("\(kind):\(29 + 17 * number):\(moment)", style, seed: UInt64(number))
        #expect(result.integrity == "ok")
        #expect(!result.committed.isEmpty)
        #expect(result.left.starts(with: result.committed), "\(result)")
        // At most the one that was under way.
        #expect(result.left.count <= result.committed.count + 1)
        if style == .dropsAll { #expect(result.outcome.dropped == result.outcome.pending) }
    }

    @Test("what was not synced is lost", arguments: [("NORMAL", false), ("FULL", true)])
    func losesWhatWasNotSynced(synchronous: String, skipsSync: Bool) async throws {
        var lost = 0
        // NORMAL syncs at checkpoints, and one of these moments may be right after one.
        for moment in [140, 150, 160] {
            let result = try await cutPeer(
                "write:\(moment):before", .dropsAll, seed: 1, synchronous: synchronous, skipsSync: skipsSync)
            #expect(result.committed.count > 10)
            #expect(result.committed.starts(with: result.left))
            lost += result.committed.count - result.left.count
        }
        #expect(lost > 0)
    }

    @Test("a database whose disk lies is damaged when writes survive out of order")
    func damages() async throws {
        var damaged = 0
        for seed: UInt64 in 0..<8 {
            let result = try await cutPeer("write:400:before", .dropsSome, seed: seed, skipsSync: true)
            #expect(result.outcome.torn > 0)
            if result.integrity != "ok" || !result.left.starts(with: result.committed) { damaged += 1 }
        }
        #expect(damaged > 0)
    }

    @Test("a file whose creation was not synced vanishes, one whose removal was not synced comes back")
    func folder() async throws {
        // Killed right after the journal of the first transaction was removed: nothing synced the folder since.
        let result = try await cutPeer("unlink:1:after", .dropsAll, seed: 1)
        #expect(result.outcome.dropped == 1)
        #expect(result.integrity == "ok")
        #expect(result.left.allSatisfy { _ in false })
    }
}
