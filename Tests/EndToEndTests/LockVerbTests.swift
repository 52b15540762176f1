// `chatctl lock`, and commands that run under a lock.

import Glibc
import ProgramSupport
import Testing

extension EndToEnd {
    @Suite("chatctl lock")
    struct LockVerbTests {
        @Test("acquire, inspect, renew and release are a round trip, and the fence grows")
        func roundTrip() async throws {
            try await RunningServer.with { server in
                let first = try await server.run("lock", "acquire", "k", "--label", "me", "--json")
                let token = try #require(first.output.field("token"))
                let fence = try #require(first.output.field("fence").flatMap { UInt64($0) })
                let held = try await server.run("lock", "inspect", "k", "--json")
                #expect(held.output.field("held") == "true")
                #expect(held.output.field("owner_label") == "me")
                #expect(held.output.field("fence") == String(fence))

                let refused = try await server.run("lock", "acquire", "k", "--json")
                #expect(refused.status == 75)
                #expect(refused.output.field("reason") == "NOT_ACQUIRED")

                let renewed = try await server.run("lock", "renew", "k", "--token", token, "--ttl", "1m", "--json")
                #expect(renewed.output.field("fence") == String(fence))
                #expect(try await server.run("lock", "release", "k", "--token", token).status == 0)
                #expect(try await server.run("lock", "inspect", "k").output == "free\n")
                #expect(try await server.run("lock", "release", "k", "--token", token).status == 80)
                #expect(try await server.run("lock", "renew", "k", "--token", token).status == 80)

                let second = try await server.run("lock", "acquire", "k", "--json")
                #expect(try #require(second.output.field("fence").flatMap { UInt64($0) }) > fence)
            }
        }

        @Test("acquire waits in line for as long as --wait says")
        func waits() async throws {
            try await RunningServer.with { server in
                let first = try await server.run("lock", "acquire", "k", "--ttl", "1m", "--json")
                let token = try #require(first.output.field("token"))
                #expect(try await server.run("lock", "acquire", "k", "--wait", "100ms").status == 75)
                let waiting = try server.start("lock", "acquire", "k", "--wait", "1m")
                while try await server.run("lock", "inspect", "k", "--json").output.field("waiters") != "1" {}
                _ = try await server.run("lock", "release", "k", "--token", token)
                #expect(try await waiting.end().status == 0)
            }
        }

        @Test("hold keeps the lock until it is stopped")
        func hold() async throws {
            try await RunningServer.with { server in
                let hold = try server.start("lock", "hold", "k", "--ttl", "300ms", "--json")
                try await hold.wait(forOutput: #""event":"renewed""#)
                #expect(try await server.run("lock", "inspect", "k", "--json").output.field("held") == "true")
                hold.signal(SIGINT)
                #expect(try await hold.end().status == 130)
                // Released, not expired.
                let next = try await server.run("lock", "acquire", "k", "--wait", "10s")
                #expect(next.status == 0)
            }
        }

        @Test("hold says when the lock is taken away")
        func holdLost() async throws {
            try await RunningServer.with { server in
                let hold = try server.start("lock", "hold", "k", "--json")
                try await hold.wait(forOutput: "granted")
                let fence = try #require(hold.snapshot.output.field("fence"))
                let taken = try await server.run("lock", "force-release", "k", "--fence", fence)
                #expect(taken.status == 0)
                let end = try await hold.end()
                #expect(end.status == 80)
                #expect(end.output.lines.last?.field("reason") == "forced")
            }
        }
    }

    @Suite("chatctl lock run")
    struct LockRunTests {
        /// Says that it runs, and runs until something ends it.
        private static let forever = "echo started $CHAT_LOCK_FENCE; while :; do sleep 0.05; done"

        @Test("runs the command with the fence and the key, and ends with its code")
        func runs() async throws {
            try await RunningServer.with { server in
                let run = try await server.run(
                    "lock", "run", "k", "--", "sh", "-c", "echo $CHAT_LOCK_KEY $CHAT_LOCK_FENCE; echo oops >&2; exit 7")
                #expect(run.status == 7)
                let words = run.output.split(whereSeparator: \.isWhitespace)
                #expect(words.first == "k")
                #expect(try #require(words.last.flatMap { UInt64($0) }) > 0)
                #expect(run.errors == "oops\n")
                #expect(try await server.run("lock", "inspect", "k").output == "free\n")
                #expect(try await server.run("lock", "run", "k", "--", "sh", "-c", "kill -9 $$").status == 137)
                #expect(try await server.run("lock", "run", "k", "--", "true", "--json").status == 0)
            }
        }

        @Test("gives the command its standard input")
        func passesInput() async throws {
            try await RunningServer.with { server in
                let run = try await server.run("lock", "run", "k", "--", "cat", input: "to the command")
                #expect(run.output == "to the command")
            }
        }

        @Test("tells commands apart that are not there and that cannot be run")
        func missingCommands() async throws {
            try await RunningServer.with { server in
                let missing = try await server.run("lock", "run", "k", "--", "no-such-command")
                #expect(missing.status == 127)
                #expect(missing.errors.hasPrefix("chatctl: no-such-command"))
                #expect(try await server.run("lock", "run", "k", "--", "/etc/passwd").status == 126)
                #expect(try await server.run("lock", "inspect", "k").output == "free\n")
            }
        }

        @Test("does not run the command when the lock is held by someone else")
        func notAcquired() async throws {
            try await RunningServer.with { server in
                _ = try await server.run("lock", "acquire", "k", "--ttl", "1m")
                let run = try await server.run("lock", "run", "k", "--", "echo", "it ran")
                #expect(run.status == 75)
                #expect(run.output == "")
                #expect(run.errors.hasPrefix("chatctl: "))
            }
        }

        @Test("ends the command when the lock is taken away")
        func lost() async throws {
            try await RunningServer.with { server in
                let run = try server.start("lock", "run", "k", "--ttl", "600ms", "--", "sh", "-c", Self.forever)
                try await run.wait(forOutput: "\n")
                let fence = try #require(run.snapshot.output.split(whereSeparator: \.isWhitespace).last)
                let taken = try await server.run("lock", "force-release", "k", "--fence", String(fence))
                #expect(taken.status == 0)
                let end = try await run.end()
                #expect(end.status == 80)
                #expect(end.errors.contains("chatctl: the lock is lost"))
            }
        }

        @Test("kills a command that does not end in time, and what it left behind")
        func killed() async throws {
            try await RunningServer.with { server in
                // The grandchild holds standard output open, so that the end of the stream shows its death.
                let stubborn = "trap '' TERM; (\(Self.forever)) & echo group; wait; \(Self.forever)"
                let run = try server.start(
                    "lock", "run", "k", "--ttl", "600ms", "--kill-grace", "300ms", "--", "sh", "-c", stubborn)
                try await run.wait(for: "both to run") {
                    $0.output.contains("started") && $0.output.contains("group")
                }
                let lock = try await server.run("lock", "inspect", "k", "--json")
                let fence = try #require(lock.output.field("fence"))
                _ = try await server.run("lock", "force-release", "k", "--fence", fence)
                #expect(try await run.end().status == 80)
            }
        }

        @Test("ends the command when the server is gone for longer than the lease lives")
        func serverGone() async throws {
            try await RunningServer.with { server in
                let run = try server.start("lock", "run", "k", "--ttl", "600ms", "--", "sh", "-c", Self.forever)
                try await run.wait(forOutput: "started")
                server.program.signal(SIGKILL)
                #expect(try await run.end().status == 80)
            }
        }

        @Test("passes signals on to the command and releases the lock", arguments: [SIGTERM, SIGINT, SIGHUP])
        func forwards(_ signal: Int32) async throws {
            try await RunningServer.with { server in
                let script = "trap 'echo caught; exit 5' TERM INT HUP; \(Self.forever)"
                let run = try server.start("lock", "run", "k", "--ttl", "1m", "--", "sh", "-c", script)
                try await run.wait(forOutput: "started")
                run.signal(signal)
                let end = try await run.end()
                #expect(end.status == 5)
                #expect(end.output.hasSuffix("caught\n"))
                #expect(try await server.run("lock", "inspect", "k").output == "free\n")
            }
        }

        @Test("lends its terminal to a command that reads from it")
        func lendsTerminal() async throws {
            try await RunningServer.with { server in
                let script = "echo ready; read line; echo \"read $line\""
                let run = try server.start("lock", "run", "k", "--", "sh", "-c", script, streams: .terminal)
                try await run.wait(forOutput: "ready")
                run.type("a line\n")
                try await run.wait(forOutput: "read a line")
                #expect(try await run.end().status == 0)
            }
        }
    }
}
