// How chatd starts, refuses to start, drains and dies, as its callers see it.

import Glibc
import ProgramSupport
import Testing

extension EndToEnd {
    @Suite("chatd's life")
    struct ServerLifeTests {
        @Test("SIGTERM lets a stream that runs complete, and ends with 0")
        func drains() async throws {
            try await RunningServer.with(answers: Answers.slow) { server in
                let chat = try server.start("chat", "--session", "s1", "hello")
                try await chat.wait(forOutput: "one")
                server.program.signal(SIGTERM)
                let end = try await chat.end()
                #expect(end.status == 0)
                #expect(end.output == "one two three four five\n")
                #expect(try await server.program.end().status == 0)
            }
        }

        @Test("a signal that comes right after the line that it listens is obeyed, too")
        func signalAtOnce() async throws {
            for _ in 0..<10 {
                try await RunningServer.with { server in
                    server.program.signal(SIGTERM)
                    let end = try await server.program.end()
                    #expect(end.status == 0)
                }
            }
        }

        @Test("a draining server takes no new connections")
        func drainingRefuses() async throws {
            try await RunningServer.with(answers: Answers.stalled) { server in
                let chat = try server.start("chat", "hello")
                try await chat.wait(forOutput: "one")
                server.program.signal(SIGTERM)
                try await server.program.wait(for: "the word that it drains") { $0.errors.contains("draining") }
                let late = try await server.run("health", "--timeout", "5s")
                #expect(late.status == 69)
                chat.signal(SIGINT)
                #expect(try await chat.end().status == 130)
                #expect(try await server.program.end().status == 0)
            }
        }

        @Test("a second SIGTERM is abrupt")
        func secondSignal() async throws {
            try await RunningServer.with(answers: Answers.stalled) { server in
                let chat = try server.start("chat", "hello")
                try await chat.wait(forOutput: "one")
                server.program.signal(SIGTERM)
                try await server.program.wait(for: "the word that it drains") { $0.errors.contains("draining") }
                #expect(chat.snapshot.status == nil)
                server.program.signal(SIGTERM)
                #expect(try await server.program.end().status == 128 + SIGTERM)
                #expect(try await chat.end().status == 69)
            }
        }

        @Test("the drain's grace time ends streams that never end, and says so")
        func graceEnds() async throws {
            try await RunningServer.with(answers: Answers.stalled, ["--drain-grace", "200ms"]) { server in
                let chat = try server.start("chat", "--json", "hello")
                try await chat.wait(forOutput: "two")
                server.program.signal(SIGTERM)
                #expect(try await server.program.end().status == 0)
                let end = try await chat.end()
                #expect(end.status == 69)
                #expect(end.output.lines.last?.field("code") == "UNAVAILABLE")
            }
        }

        @Test("a server that is killed in the middle of a stream leaves an error and not a short answer")
        func killed() async throws {
            try await RunningServer.with(answers: Answers.stalled) { server in
                let chat = try server.start("chat", "--json", "hello")
                try await chat.wait(forOutput: "two")
                server.program.signal(SIGKILL)
                let end = try await chat.end()
                #expect(end.status == 69)
                #expect(end.output.lines.last?.field("code") == "UNAVAILABLE")
                #expect(end.output.lines.last?.field("reason") == "CONNECTION_LOST")
                #expect(end.errors.hasPrefix("chatctl: "))
            }
        }

        @Test("calls go to the second server when the first is dead")
        func failsOver() async throws {
            try await RunningServer.with(answers: Answers.words) { dead in
                dead.program.signal(SIGKILL)
                try await dead.program.end()
                try await RunningServer.with(answers: Answers.words) { alive in
                    let servers = "\(dead.address),\(alive.address)"
                    let chat = try await alive.run("--server", servers, "chat", "--session", "s1", "hello")
                    #expect(chat.status == 0)
                    #expect(chat.output == "alpha beta gamma\n")
                    #expect(try await alive.run("sessions", "--json").output.field("id") == "s1")
                }
                let gone = try await dead.run("health")
                #expect(gone.status == 69)
                #expect(gone.errors.contains(dead.address))
                #expect(gone.errors.contains("start chatd"))
            }
        }

        @Test("a server that does not answer ends a call within its time limit")
        func silentServer() async throws {
            let silent = try SilentPort()
            defer { silent.close() }
            let start = ContinuousClock.now
            let program = try ChildProgram.start(
                "chatctl", ["--server", silent.address, "--timeout", "500ms", "health"])
            let end = try await program.end()
            #expect(end.status == 69)
            #expect(end.errors.hasPrefix("chatctl: "))
            #expect(ContinuousClock.now - start >= .milliseconds(500))
        }

        @Test("is refused on an address that is not loopback, unless plain text is allowed")
        func refusesPlaintext() async throws {
            let refused = try await ChildProgram.start("chatd", ["--listen", "0.0.0.0:0", "--model", "offline"]).end()
            #expect(refused.status == 64)
            #expect(refused.output == "")
            #expect(refused.errors.contains("--allow-plaintext"))
        }

        @Test("needs a model, and says how to name one")
        func needsModel() async throws {
            let refused = try await ChildProgram.start("chatd", ["--listen", "127.0.0.1:0"]).end()
            #expect(refused.status == 64)
            #expect(refused.errors.contains("--model"))
            #expect(refused.errors.contains("offline"))
            #expect(refused.errors.lines.allSatisfy { $0.hasPrefix("chatd: ") })
        }

        @Test("says what is wrong with its flags, one line a problem")
        func wrongFlags() async throws {
            let refused = try await ChildProgram.start(
                "chatd", ["--model", "offline", "--lisen", "127.0.0.1:0", "--loops", "0"]
            ).end()
            #expect(refused.status == 64)
            #expect(refused.errors.lines.count == 2)
            #expect(refused.errors.contains("--listen"))
        }

        @Test("a port that is taken is an error in words")
        func portTaken() async throws {
            try await RunningServer.with { server in
                let second = try await ChildProgram.start(
                    "chatd", ["--listen", server.address, "--model", "offline"]
                ).end()
                #expect(second.status == 69)
                #expect(second.errors.contains(server.address))
            }
        }
    }
}

/// A port that takes connections and says nothing.
private struct SilentPort {
    let address: String
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let code = withUnsafeMutableBytes(of: &name) { bytes in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            guard bind(descriptor, pointer, length) == 0, listen(descriptor, 16) == 0 else { return Int32(-1) }
            return getsockname(descriptor, pointer, &length)
        }
        try #require(code == 0)
        address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
    }

    func close() { Glibc.close(descriptor) }
}
