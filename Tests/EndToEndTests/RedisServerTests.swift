// chatd on a real Redis, by its command line: what callers and balancers see while Redis comes and goes, and several
// servers on one Redis.

import Glibc
import ProgramSupport
import RedisSupport
import Testing

@Suite("chatd on Redis", .serialized, .timeLimit(.minutes(2)))
struct RedisServerTests {
    /// A Redis of the test's own, and a chatd on it.
    private static func with(
        _ arguments: [String] = [], _ body: (RedisProcess, RunningServer) async throws -> Void
    ) async throws {
        let redis = try await RedisProcess.start(["--appendonly", "yes", "--appendfsync", "always"])
        do {
            try await RunningServer.with(["--store", redis.url] + arguments) { try await body(redis, $0) }
        } catch {
            try? await redis.stop()
            throw error
        }
        try await redis.stop()
    }

    /// Repeats a verb until what it says is as expected.
    private static func wait(
        for what: String, _ server: RunningServer, _ verb: [String], _ condition: (ChildProgram.Snapshot) -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while true {
            let program = try ChildProgram.start(
                "chatctl", verb, variables: ["CHATCTL_SERVER": server.address])
            if condition(try await program.end()) { return }
            guard ContinuousClock.now < end else { throw ChildProgram.GaveUp(description: "waited for \(what)") }
        }
    }

    @Test("health follows Redis, calls are refused at once while it is away, and nothing acknowledged is lost")
    func awayAndBack() async throws {
        try await Self.with { redis, server in
            let turn = try await server.run("chat", "--session", "s", "--json", "hello")
            #expect(turn.status == 0 && turn.output.contains(#""durability":"memory""#), "\(turn)")
            #expect(try await server.run("health").output == "serving\n")
            try await redis.kill()
            try await Self.wait(for: "the loss", server, ["health"]) { $0.status == 69 }
            let refused = try await server.run("sessions")
            #expect(refused.status != 0 && refused.errors.contains("the store cannot be used now"), "\(refused)")
            try await redis.restart()
            try await Self.wait(for: "the recovery", server, ["health"]) { $0.output == "serving\n" }
            let history = try await server.run("history", "s")
            #expect(history.status == 0 && history.output.contains("hello"), "\(history)")
            let lock = try await server.run("lock", "acquire", "n")
            #expect(lock.status != 0 && lock.errors.contains("a lock of before may still be held"), "\(lock)")
        }
    }

    @Test("a call ends by its deadline while Redis hangs")
    func deadline() async throws {
        try await Self.with { redis, server in
            _ = try await server.run("chat", "--session", "s", "hello")
            redis.signal(SIGSTOP)
            let start = ContinuousClock.now
            let late = try await server.run("sessions", "--timeout", "500ms")
            let time = ContinuousClock.now - start
            redis.signal(SIGCONT)
            #expect(late.status != 0)
            // With what it takes to start a program.
            #expect(time < .milliseconds(1500), "it took \(time)")
            try await Self.wait(for: "its recovery", server, ["sessions"]) { $0.status == 0 }
        }
    }

    @Test("two servers share sessions, answers by turn id, and locks")
    func shared() async throws {
        try await Self.with { redis, one in
            try await RunningServer.with(["--store", redis.url]) { two in
                _ = try await one.run("chat", "--session", "s", "--turn", "t-1", "hello")
                let again = try await two.run("chat", "--session", "s", "--turn", "t-1", "--json", "hello")
                #expect(again.output.contains(#""replayed":true"#), "\(again)")
                let next = try await two.run("chat", "--session", "s", "again")
                #expect(next.output.contains("message 2 from you"), "\(next)")
                let lock = try await one.run("lock", "acquire", "n", "--ttl", "60s")
                #expect(lock.status == 0, "\(lock)")
                let refused = try await two.run("lock", "acquire", "n")
                #expect(refused.status != 0 && refused.errors.contains("held by somebody else"), "\(refused)")
            }
        }
    }

    @Test("a Redis that refuses the password is told at the start, without the password")
    func refused() async throws {
        let redis = try await RedisProcess.start(["--requirepass", "right"])
        let program = try ChildProgram.start(
            "chatd",
            [
                "--listen", "127.0.0.1:0", "--model", "offline", "--store",
                "redis://:hunter2@127.0.0.1:\(redis.port)/0",
            ])
        let end = try await program.end()
        #expect(end.status != 0 && end.errors.contains("refuses the user or the password"), "\(end)")
        #expect(!end.errors.contains("hunter2") && !end.output.contains("hunter2"))
        try await redis.stop()
    }
}
