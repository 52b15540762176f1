// `chatctl chat`, one question at a time.

import Glibc
import ProgramSupport
import Testing

extension EndToEnd {
    @Suite("chatctl chat")
    struct ChatVerbTests {
        @Test("prints a streamed answer and ends its line")
        func streams() async throws {
            try await RunningServer.with(answers: Answers.words) { server in
                let chat = try await server.run("chat", "hello")
                #expect(chat.status == 0)
                #expect(chat.output == "alpha beta gamma\n")
                #expect(chat.errors == "")
            }
        }

        @Test("prints tokens when they come, not at the end")
        func printsAtOnce() async throws {
            try await RunningServer.with(answers: Answers.stalled) { server in
                let chat = try server.start("chat", "hello")
                try await chat.wait(forOutput: "one two")
                #expect(chat.snapshot.status == nil)
                chat.signal(SIGKILL)
            }
        }

        @Test("with --no-stream prints the whole answer, and as JSON one object")
        func printsWhole() async throws {
            try await RunningServer.with(answers: Answers.words) { server in
                let plain = try await server.run("chat", "--no-stream", "hello")
                #expect(plain.output == "alpha beta gamma\n")
                let json = try await server.run("chat", "--no-stream", "--json", "--session", "s1", "hello")
                #expect(json.output.lines.count == 1)
                #expect(json.output.field("text") == "alpha beta gamma")
                #expect(json.output.field("session_id") == "s1")
                #expect(json.output.field("finish_reason") == "stop")
            }
        }

        @Test("as JSON prints one event a line, from started to finished")
        func printsEvents() async throws {
            try await RunningServer.with(answers: Answers.words) { server in
                let chat = try await server.run("--json", "chat", "hello")
                let events = chat.output.lines.compactMap { $0.field("event") }
                #expect(events == ["started", "text", "text", "text", "finished"])
                #expect(chat.output.lines.last?.field("text_bytes") == "16")
            }
        }

        @Test("goes on with a session in a second call")
        func continuesSession() async throws {
            try await RunningServer.with(answers: Answers.words) { server in
                let first = try await server.run("chat", "--json", "first question")
                let id = try #require(first.output.lines.first?.field("session_id"))
                let second = try await server.run("chat", "--session", id, "second question")
                #expect(second.status == 0)
                let history = try await server.run("history", id, "--json")
                #expect(
                    history.output.lines.map { $0.field("text") }
                        == ["first question", "alpha beta gamma", "second question", "alpha beta gamma"])
            }
        }

        @Test("reads the message from standard input where that is no terminal")
        func readsStandardInput() async throws {
            try await RunningServer.with(answers: Answers.words) { server in
                let chat = try await server.run("chat", "--session", "s1", input: "from a pipe\nin two lines\n")
                #expect(chat.output == "alpha beta gamma\n")
                let history = try await server.run("history", "s1", "--json")
                #expect(history.output.lines.first?.field("text") == #"from a pipe\nin two lines"#)
                let empty = try await server.run("chat", input: "")
                #expect(empty.status == 64)
                #expect(empty.errors.hasPrefix("chatctl: there is no message"))
            }
        }

        @Test("asks the model once for one turn id")
        func replays() async throws {
            try await RunningServer.with(answers: Answers.words + "," + Answers.slow) { server in
                let first = try await server.run("chat", "--turn", "t1", "--json", "hello")
                let again = try await server.run("chat", "--turn", "t1", "--json", "hello")
                #expect(first.output.lines.last?.field("replayed") == "false")
                #expect(again.output.lines.last?.field("replayed") == "true")
                #expect(again.output.lines.last?.field("session_id") == first.output.lines.last?.field("session_id"))
            }
        }

        @Test("Ctrl-C stops the answer on the server too, and nothing is stored")
        func interrupted() async throws {
            try await RunningServer.with(answers: Answers.stalled) { server in
                let chat = try server.start("chat", "--session", "s1", "hello")
                try await chat.wait(forOutput: "one two")
                chat.signal(SIGINT)
                let end = try await chat.end()
                #expect(end.status == 130)
                #expect(end.output == "one two\n")
                // The session is free again, and empty.
                let refused = try server.start("chat", "--session", "s1", "--refuse-when-busy", "hello")
                try await refused.wait(forOutput: "one two")
                refused.signal(SIGTERM)
                #expect(try await refused.end().status == 143)
                #expect(try await server.run("history", "s1").status == 66)
            }
        }

        @Test("a busy session is refused with 75 when that is asked for")
        func refusesBusySession() async throws {
            try await RunningServer.with(answers: Answers.stalled) { server in
                let holder = try server.start("chat", "--session", "s1", "--turn", "t1", "hello")
                try await holder.wait(forOutput: "one two")
                let refused = try await server.run("chat", "--session", "s1", "--refuse-when-busy", "hello")
                #expect(refused.status == 75)
                // Another client cancels the holder's turn by its id.
                let cancel = try await server.run("cancel", "s1", "t1", "--json")
                #expect(cancel.output.field("outcome") == "cancelled")
                #expect(try await holder.end().status == 1)
            }
        }

        @Test("an answer's control characters do not reach the terminal, and JSON escapes them")
        func controlCharacters() async throws {
            let answer = #"{"text": "a \"quote\" \\ and \u001b[31mred"}"#
            try await RunningServer.with(answers: answer) { server in
                let json = try await server.run("chat", "--no-stream", "--json", "hello")
                #expect(json.output.contains(#""text":"a \"quote\" \\ and \u001b[31mred""#))
                let piped = try await server.run("chat", "hello")
                #expect(piped.output == "a \"quote\" \\ and \u{1B}[31mred\n")
                let shown = try server.start("chat", "hello", streams: .terminal)
                let end = try await shown.end()
                #expect(end.output.contains("a \"quote\" \\ and \u{FFFD}[31mred"))
                #expect(!end.output.contains("\u{1B}"))
            }
        }

        @Test("a closed pipe ends it without a word")
        func brokenPipe() async throws {
            try await RunningServer.with(answers: Answers.slow) { server in
                let script = "\"$0\" --server \"$1\" chat hello | head -c 3; echo \" ${PIPESTATUS[0]}\""
                let shell = try ChildProgram.start(
                    "bash", ["-c", script, BuiltPrograms.path(of: "chatctl"), server.address])
                let end = try await shell.end()
                #expect(end.output == "one 141\n")
                #expect(end.errors == "")
            }
        }
    }
}
