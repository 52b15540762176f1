// Three replicas on one Redis are killed in the middle of concurrent turns, and so is Redis. Callers repeat what was
// not answered, with the same turn id, on whichever replica there is.

import ChatClient
import EngineConformance
import Glibc
import RedisSupport
import Synchronization
import Testing

extension Killed {
    @Suite("replicas on one Redis, and Redis itself")
    struct ReplicaTests {
        @Test("every acknowledged turn is there once, none is half, and order is kept")
        func redis() async throws {
            let kills = Killed.number("CHAT_CRASH_KILLS").map { max($0 / 5, 2) } ?? 2
            let run = try await ReplicaCrashRun(seed: Killed.seed)
            let report = try await run.run(kills: kills)
            print("crash run, replicas: \(report)")
            #expect(run.ledger.findings == [], "\(report)")
            #expect(run.ledger.lostCount == 0)
            #expect(run.ledger.figures.acknowledged > 10 * kills)
            #expect(run.ledger.figures.retried > 0, "nothing was cut off, so nothing was shown")
        }
    }
}

/// One run.
private final class ReplicaCrashRun: Sendable {
    let ledger = Ledger()
    private let seed: UInt64
    private let gate = ServerGate()
    private let redis: RedisProcess
    private let addresses: [String]
    private static let replicas = 3
    private static let callers = 12
    private static let sessions = 8

    init(seed: UInt64) async throws {
        self.seed = seed
        // What Redis answered is on its disk.
        redis = try await RedisProcess.start(["--appendonly", "yes", "--appendfsync", "always"])
        addresses = try (0..<Self.replicas).map { _ in "127.0.0.1:\(try RedisProcess.freePort())" }
    }

    /// Kills one of the four, starts it again, and waits until callers got on, so many times.
    func run(kills: Int) async throws -> String {
        try await CrashModel.with(seed: seed) { model in
            var replicas: [RunningProgram] = []
            for address in addresses { replicas.append(try await start(address, model)) }
            defer { for replica in replicas { replica.signal(SIGKILL) } }
            var killed = (replicas: 0, redis: 0)
            var random = SeededGenerator(seed: seed)
            try await withThrowingTaskGroup(of: Void.self) { group in
                addCallers(to: &group)
                gate.open()
                do {
                    for round in 0..<kills {
                        try await getOn(turns: Int.random(in: 20...60, using: &random))
                        if round % 2 == 1 {
                            try await redis.kill()
                            try await redis.restart()
                            killed.redis += 1
                        } else {
                            let index = Int.random(in: 0..<Self.replicas, using: &random)
                            replicas[index].signal(SIGKILL)
                            try await replicas[index].end()
                            replicas[index] = try await start(addresses[index], model)
                            killed.replicas += 1
                        }
                    }
                    try await getOn(turns: 40)
                    gate.stop()
                    try await group.waitForAll()
                } catch {
                    group.cancelAll()
                    gate.stop()
                    throw error
                }
            }
            // From the first replica, and then from one that never saw the turns.
            for address in [addresses[0], addresses[2]] {
                try await ReadBack(ledger: ledger).read(Array(ledger.sessions), from: [address])
            }
            try await redis.stop()
            let figures = ledger.figures
            return "seed \(seed): \(killed.replicas) kills of replicas, \(killed.redis) of Redis; "
                + "\(ledger.turnCount) turns asked, \(figures.acknowledged) acknowledged, \(figures.retried) retried, "
                + "\(figures.replayed) of them answered from the store; \(ledger.lostCount) lost, "
                + "\(ledger.findings.count) findings"
        }
    }

    private func start(_ address: String, _ model: CrashModel) async throws -> RunningProgram {
        let program = try RunningProgram.start(
            BuiltPrograms.path(of: "chatd"),
            [
                "--listen", address, "--store", redis.url, "--model", "openai:fake@\(model.baseURL)", "--log-level",
                "warning",
            ], variables: [:])
        try await program.wait(for: "the line that it listens") { $0.output.contains("chatd listening on ") }
        return program
    }

    private func addCallers(to group: inout ThrowingTaskGroup<Void, any Error>) {
        for number in 0..<Self.callers {
            // Each begins with another replica, so that every conversation is had with several.
            let turned = (0..<Self.replicas).map { addresses[($0 + number) % Self.replicas] }
            let context = CallerContext(
                addresses: turned, gate: gate, ledger: ledger, epoch: { 0 }, acknowledged: {}, expectsLoss: false)
            let random = SeededGenerator(seed: seed &* 1_000 &+ UInt64(number))
            group.addTask {
                var caller = TurnCaller(
                    context: context, number: number, sessionCount: Self.sessions, random: random)
                try await caller.run()
            }
        }
    }

    private func getOn(turns: Int) async throws {
        let target = ledger.figures.acknowledged + turns
        let end = ContinuousClock.now + .seconds(60)
        while ledger.figures.acknowledged < target {
            guard ContinuousClock.now < end else {
                throw RunningProgram.Failure(description: "callers did not get on within a minute")
            }
            await Task.yield()
        }
    }
}
