// Sentinels name the master, and another one after it died: real ones, with a replica.

import ChatEngine
import EngineConformance
import Glibc
import ProgramSupport
import RedisSupport
import Testing

@testable import RedisStore

@Suite("Sentinels", .serialized, .timeLimit(.minutes(20)))
struct FailoverTests {
    /// A master, a replica of it, and sentinels that know both.
    private struct Deployment {
        let master: RedisProcess
        let replica: RedisProcess
        let sentinels: [RedisProcess]

        init(sentinels count: Int) async throws {
            master = try await RedisProcess.start()
            replica = try await RedisProcess.start(["--replicaof", "127.0.0.1", "\(master.port)"])
            let admin = TestConnection(RedisHarness.loops[0], replica)
            try await Self.wait("the replica's link") {
                try await admin.ask("INFO", "replication")?.contains("master_link_status:up") == true
            }
            var sentinels: [RedisProcess] = []
            for _ in 0..<count {
                sentinels.append(try await RedisProcess.startSentinel(watching: master, quorum: count / 2 + 1))
            }
            self.sentinels = sentinels
            // The replica, and the other sentinels: without them there is no failover.
            for sentinel in sentinels {
                let admin = TestConnection(RedisHarness.loops[0], sentinel)
                try await Self.wait("a sentinel that knows the replica") {
                    try await admin.ask("SENTINEL", "REPLICAS", "mymaster")?.contains("127.0.0.1") == true
                }
                guard count > 1 else { continue }
                try await Self.wait("sentinels that know each other") {
                    (try? await admin.ask("SENTINEL", "CKQUORUM", "mymaster"))?.contains("OK \(count)") == true
                }
            }
        }

        /// Sentinels take their time: they ask every ten seconds, and not twice in eight for the same master.
        static func wait(_ what: String, _ condition: () async throws -> Bool) async throws {
            let end = ContinuousClock.now + .seconds(90)
            // Servers that change their role close the connections of those who ask.
            while (try? await condition()) != true {
                guard ContinuousClock.now < end else { throw RedisHarness.NeverCame(what: what) }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        var url: String {
            "redis+sentinel://" + sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ",") + "/mymaster/0"
        }

        func stop() async throws {
            for process in sentinels + [replica, master] { try await process.stop() }
        }
    }

    @Test("the master that they name serves; after its end the one that took over does, and locks wait")
    func failover() async throws {
        let deployment = try await Deployment(sentinels: 1)
        let harness = try await RedisHarness.open(deployment.replica, url: deployment.url) {
            $0.lockLimits.serviceLeaseMax = .seconds(3)
        }
        _ = try await harness.append("t1")
        let key = LockKey(.service, owner: "", name: "n")
        let lease = try await harness.locks.acquire(
            LockRequest(key: key, token: .random(), timeToLive: .seconds(3)))
        let admin = TestConnection(RedisHarness.loops[0], deployment.replica)
        try await Deployment.wait("the turn on the replica") {
            try await admin.ask("LLEN", "\(harness.cacheKey):chat:s") == "2"
        }
        try await deployment.master.kill()
        try await harness.eventually("another one took over", within: .seconds(60)) {
            do {
                _ = try await harness.append("t2")
                return true
            } catch is EngineError { return false }
        }
        #expect(try await admin.ask("INFO", "replication")?.contains("role:master") == true)
        let error = await #expect(throws: EngineError.self) {
            _ = try await harness.locks.acquire(
                LockRequest(key: LockKey(.service, owner: "", name: "m"), token: .random(), timeToLive: .seconds(1)))
        }
        #expect(error?.reason == "LOCKS_RECOVERING", "\(String(describing: error))")
        #expect(try await harness.texts() == ["q", "a", "q", "a"])
        await harness.advance(by: error?.retryAfter ?? .zero)
        let next = try await harness.locks.acquire(
            LockRequest(key: key, token: .random(), timeToLive: .seconds(1), waitDeadline: .now + .seconds(10)))
        #expect(next.fence > lease.fence)
        await harness.opened.close()
        try await deployment.master.restart()
        try await deployment.stop()
    }

    @Test("a turn is told to be with a replica where one has it in time, and to be in memory where none has")
    func durability() async throws {
        let master = try await RedisProcess.start()
        let replica = try await RedisProcess.start(["--replicaof", "127.0.0.1", "\(master.port)"])
        let admin = TestConnection(RedisHarness.loops[0], replica)
        try await Deployment.wait("the replica's link") {
            try await admin.ask("INFO", "replication")?.contains("master_link_status:up") == true
        }
        let harness = try await RedisHarness.open(master) { $0.durability = .replica }
        for index in 0..<5 {
            guard case .appended(_, let reached) = try await harness.append("t\(index)") else { return }
            #expect(reached == .replica)
        }
        #expect(try await admin.ask("LLEN", "\(harness.cacheKey):chat:s") == "10", "it has them")
        try await withThrowingTaskGroup { group in
            for index in 0..<50 {
                group.addTask {
                    guard case .appended(_, .replica) = try await harness.append("t", session: "s\(index)") else {
                        throw RedisHarness.NeverCame(what: "the replica")
                    }
                }
            }
            try await group.waitForAll()
        }
        replica.signal(SIGSTOP)
        let start = ContinuousClock.now
        guard case .appended(_, let reached) = try await harness.append("late") else { return }
        #expect(reached == .memory)
        #expect(ContinuousClock.now - start < ReplicatedWrites.waitMax + .milliseconds(300))
        replica.signal(SIGCONT)
        let plain = try await RedisHarness.open(master)
        guard case .appended(_, .memory) = try await plain.append("t") else {
            throw RedisHarness.NeverCame(what: "a plain append")
        }
        await plain.opened.close()
        await harness.opened.close()
        try await replica.stop()
        try await master.stop()
    }

    @Test("sentinels that are away, or do not know the name, are told as such, and asked again")
    func unknownMaster() async throws {
        let master = try await RedisProcess.start()
        let sentinel = try await RedisProcess.startSentinel(watching: master, quorum: 1)
        let sentinels = "redis+sentinel://127.0.0.1:1,127.0.0.1:\(sentinel.port)"
        let harness = try await RedisHarness.open(master, url: sentinels + "/other")
        guard case .away(let words) = harness.health.value.last else {
            throw RedisHarness.NeverCame(what: "the refusal")
        }
        #expect(words == "no sentinel knows the master")
        await harness.opened.close()
        let good = try await RedisHarness.open(master, url: sentinels + "/mymaster")
        _ = try await good.append("t1")
        await good.opened.close()
        try await sentinel.stop()
        try await master.stop()
    }

    /// What may happen to a master, over and over, with three sentinels: `make verify` runs it.
    @Test(
        "turns and locks under load while masters are killed, paused and shut down",
        .enabled(if: getenv("CHAT_FAILOVERS") != nil))
    func underLoad() async throws {
        let count = Int(getenv("CHAT_FAILOVERS").map { String(cString: $0) } ?? "") ?? 3
        let deployment = try await Deployment(sentinels: 3)
        let harness = try await RedisHarness.open(deployment.master, url: deployment.url) {
            $0.lockLimits.serviceLeaseMax = .seconds(2)
        }
        let load = FailoverLoad(harness)
        try await withThrowingTaskGroup { group in
            for worker in 0..<8 { group.addTask { try await load.run(worker) } }
            group.addTask {
                defer { load.stop() }
                var (master, replica) = (deployment.master, deployment.replica)
                for round in 0..<count {
                    // Both are needed: the one that takes over must have what was acknowledged.
                    let admin = TestConnection(RedisHarness.loops[0], replica)
                    try await Deployment.wait("the link of the replica in round \(round)") {
                        try await admin.ask("INFO", "replication")?.contains("master_link_status:up") == true
                    }
                    try await load.goOn(turns: 200)
                    switch round % 3 {
                    case 0: try await master.kill()
                    case 1: master.signal(SIGSTOP)
                    default:
                        master.signal(SIGTERM)
                        try await master.ended()
                    }
                    try await Deployment.wait("the failover of round \(round)") {
                        try await admin.ask("INFO", "replication")?.contains("role:master") == true
                    }
                    try await load.goOn(turns: 200)
                    if round % 3 == 1 { master.signal(SIGCONT) } else { try await master.restart() }
                    (master, replica) = (replica, master)
                }
            }
            try await group.waitForAll()
        }
        let report = try await load.check()
        print("failovers: \(count) of masters killed, paused and shut down in turn; \(report)")
        await harness.opened.close()
        try await deployment.stop()
    }
}

/// Workers that store turns and hold locks, and what they were told.
private final class FailoverLoad: Sendable {
    private struct State {
        var acknowledged: [String: [String]] = [:]
        var refused = 0
        var unknown = 0
        var fences: [UInt64] = []
        var isOver = false
    }

    private let harness: RedisHarness
    private let state = Guarded(State())

    init(_ harness: RedisHarness) { self.harness = harness }

    func stop() { state.withLock { $0.isOver = true } }

    private var turnCount: Int { state.withLock { $0.acknowledged.values.reduce(0) { $0 + $1.count } } }

    func goOn(turns: Int) async throws {
        let target = turnCount + turns
        try await harness.eventually("the load goes on", within: .seconds(60)) { self.turnCount >= target }
    }

    func run(_ worker: Int) async throws {
        let session = "s\(worker)"
        var number = 0
        while !state.value.isOver {
            number += 1
            try await storeTurn("t\(number)", session)
            if number % 10 == 0 { try await useLock() }
        }
    }

    /// Repeats the turn with its id until it is stored, as a caller does.
    private func storeTurn(_ turn: String, _ session: String) async throws {
        while true {
            do {
                switch try await harness.open(turn, session: session, window: WindowLimit(messages: 2)) {
                case .stored: break
                case .notLocked:
                    // The lease of an attempt whose answer was lost.
                    try await Task.sleep(for: .milliseconds(50))
                    continue
                case .opened(let lease, let window):
                    let outcome = try await harness.store.append(
                        RedisHarness.turn(
                            turn, lease: lease, generation: window.session?.generation, question: "q \(turn)",
                            answer: "a \(turn)", wall: harness.wallMicroseconds))
                    switch outcome {
                    case .appended, .duplicate: break
                    case .lockLost, .sessionDeleted: continue
                    }
                }
                state.withLock { $0.acknowledged[session, default: []].append(turn) }
                return
            } catch let error as EngineError {
                state.withLock { if error.kind == .outcomeUnknown { $0.unknown += 1 } else { $0.refused += 1 } }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private func useLock() async throws {
        let key = LockKey(.service, owner: "", name: "n")
        do {
            let lease = try await harness.locks.acquire(
                LockRequest(key: key, token: .random(), timeToLive: .seconds(2), waitDeadline: .now + .seconds(1)))
            state.withLock { $0.fences.append(lease.fence) }
            try await harness.locks.release(lease)
        } catch is EngineError {}
    }

    /// No half turns, none twice, all in order; those that a dead master had not sent on may be missing.
    func check() async throws -> String {
        let told = state.value
        var missing = 0
        for (session, turns) in told.acknowledged {
            let texts = try await harness.texts(session: session)
            let stored = stride(from: 0, to: texts.count - 1, by: 2).map { index -> String in
                #expect(texts[index].hasPrefix("q ") && texts[index + 1] == "a " + texts[index].dropFirst(2))
                return String(texts[index].dropFirst(2))
            }
            #expect(texts.count % 2 == 0, "no half turn")
            #expect(Set(stored).count == stored.count, "no turn twice")
            #expect(stored == stored.sorted { Int($0.dropFirst())! < Int($1.dropFirst())! }, "in order")
            missing += Set(turns).subtracting(stored).count
        }
        let fences = told.fences
        #expect(Set(fences).count == fences.count, "no fence twice")
        return
            "\(told.acknowledged.values.reduce(0) { $0 + $1.count }) turns acknowledged, \(missing) of them lost with "
            + "masters that had not sent them on; \(told.refused) refusals, \(told.unknown) unknown outcomes, "
            + "\(fences.count) locks granted"
    }
}
