// The verbs about sessions and about the server.

import Glibc
import ProgramSupport
import Testing

extension EndToEnd {
    @Suite("chatctl's other verbs")
    struct SessionVerbTests {
        @Test("sessions, rename, delete and history tell what is there")
        func sessions() async throws {
            try await RunningServer.with(answers: Answers.words) { server in
                #expect(try await server.run("sessions").output == "")
                for id in ["s1", "s2"] { _ = try await server.run("chat", "--session", id, "question of \(id)") }
                let sessions = try await server.run("sessions", "--json")
                #expect(sessions.output.lines.map { $0.field("id") } == ["s2", "s1"])
                #expect(sessions.output.lines.map { $0.field("message_count") } == ["2", "2"])
                #expect(try await server.run("sessions").output.contains("question of s1"))

                let renamed = try await server.run("rename", "s1", "a better title", "--json")
                #expect(renamed.output.field("title") == "a better title")

                let history = try await server.run("history", "s1")
                #expect(history.output.contains("user"))
                #expect(history.output.contains("alpha beta gamma"))
                let newest = try await server.run("history", "s1", "--newest-first", "--limit", "1", "--json")
                #expect(newest.output.field("role") == "assistant")

                #expect(try await server.run("delete", "s1").output == "deleted\n")
                #expect(try await server.run("delete", "s1", "--json").output.field("existed") == "false")
                let gone = try await server.run("history", "s1", "--json")
                #expect(gone.status == 66)
                #expect(gone.output.field("code") == "NOT_FOUND")
                #expect(gone.errors.hasPrefix("chatctl: "))
            }
        }

        @Test("health and info tell of the server")
        func server() async throws {
            try await RunningServer.with { server in
                let health = try await server.run("health")
                #expect(health.status == 0)
                #expect(health.output == "serving\n")
                #expect(try await server.run("health", "--service", "chat.v1.ChatService").status == 0)
                #expect(try await server.run("health", "--service", "no.such.Service").status == 66)
                let info = try await server.run("info", "--json")
                #expect(info.output.field("store") == "memory")
                #expect(info.output.field("message_bytes_max") == "65536")
                #expect(try await server.run("info").output.contains("memory"))
            }
        }

        @Test("echo answers where diagnostics are on, and says so where they are off")
        func echo() async throws {
            try await RunningServer.with { server in
                let off = try await server.run("echo", "hello")
                #expect(off.status == 1)
                #expect(off.errors.hasPrefix("chatctl: "))
            }
            try await RunningServer.with(["--diagnostics"]) { server in
                let on = try await server.run("echo", "hello")
                #expect(on.output == "hello\n")
            }
        }

        @Test("both programs have one version")
        func versions() async throws {
            let server = try await ChildProgram.start("chatd", ["--version"]).end().output
            let client = try await ChildProgram.start("chatctl", ["--version"]).end().output
            #expect(server.hasPrefix("chatd "))
            #expect(client.dropFirst("chatctl".count) == server.dropFirst("chatd".count))
        }

        @Test(
            "a command line that cannot be understood ends with 64 and words",
            arguments: [
                ["frobnicate"], ["chat", "--frobnicate", "x"], ["history"], ["--server", "host:port", "health"],
                ["sessions", "--limit", "0"], ["--timeout", "5", "health"], ["lock", "run", "key"],
                ["lock", "release", "key"], ["lock", "release", "key", "--token", "short"], ["chat", ""],
            ])
        func wrongFlags(_ arguments: [String]) async throws {
            // A server address that nothing listens on: none of these gets so far, except for the token's.
            try await RunningServer.with { server in
                let program = try ChildProgram.start(
                    "chatctl", arguments, variables: ["CHATCTL_SERVER": server.address])
                let end = try await program.end()
                #expect(end.status == 64)
                #expect(end.errors.hasPrefix("chatctl: "))
                #expect(end.output == "")
            }
        }

        @Test("values that the server refuses end with 65 and the limit's name")
        func refusedValues() async throws {
            try await RunningServer.with { server in
                let id = try await server.run("history", "has a space")
                #expect(id.status == 65)
                let long = try await server.run("chat", input: String(repeating: "x", count: 70_000))
                #expect(long.status == 65)
                #expect(long.errors.contains("65536"))
            }
        }

        @Test(
            "help is printed and ends with 0",
            arguments: [["--help"], ["chat", "--help"], ["lock", "run", "--help"], []])
        func help(_ arguments: [String]) async throws {
            let end = try await ChildProgram.start("chatctl", arguments).end()
            #expect(end.status == 0)
            #expect(end.output.contains("USAGE: chatctl"))
        }
    }
}
