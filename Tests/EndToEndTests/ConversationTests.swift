// `chatctl chat` on a terminal: a conversation, and what Ctrl-C does in it.

import Glibc
import ProgramSupport
import Testing

extension EndToEnd {
    @Suite("chatctl chat on a terminal")
    struct ConversationTests {
        private static let interrupt = "\u{03}"
        private static let endOfInput = "\u{04}"

        @Test("a conversation goes on in one session until Ctrl-D")
        func converses() async throws {
            try await RunningServer.with(answers: Answers.words) { server in
                let chat = try server.start("chat", "--session", "s1", streams: .terminal)
                try await chat.wait(forOutput: "> ")
                chat.type("first question\n")
                try await chat.wait(forOutput: "alpha beta gamma\r\n> ")
                chat.type("second question\n")
                try await chat.wait(for: "the second answer") {
                    $0.output.split(separator: "alpha beta gamma\r\n> ", omittingEmptySubsequences: false).count == 3
                }
                chat.type("/history\n")
                try await chat.wait(forOutput: "[4] assistant")
                chat.type("/sessions\n")
                try await chat.wait(forOutput: "4 messages")
                chat.type("/nonsense\n")
                try await chat.wait(forOutput: "There is no /nonsense")
                chat.type("/help\n")
                try await chat.wait(forOutput: "/quit ")
                chat.type(Self.endOfInput)
                #expect(try await chat.end().status == 0)
            }
        }

        @Test("Ctrl-C stops the answer and not the program; at an empty prompt it ends the program")
        func interruptStopsAnswer() async throws {
            let answers = [Answers.words, Answers.stalled, Answers.words].joined(separator: ",")
            try await RunningServer.with(answers: answers) { server in
                let chat = try server.start("chat", "--session", "s1", streams: .terminal)
                try await chat.wait(forOutput: "> ")
                chat.type("first question\n")
                try await chat.wait(forOutput: "alpha beta gamma\r\n> ")
                chat.type("second question\n")
                try await chat.wait(forOutput: "one two")
                chat.type(Self.interrupt)
                try await chat.wait(forOutput: "[stopped]\r\n> ")
                // The stopped turn is not stored, and the session is free for the next.
                chat.type("third question\n")
                try await chat.wait(for: "the third answer") {
                    $0.output.split(separator: "alpha beta gamma\r\n> ", omittingEmptySubsequences: false).count == 3
                }
                let history = try await server.run("history", "s1", "--json")
                #expect(
                    history.output.lines.map { $0.field("text") }
                        == ["first question", "alpha beta gamma", "third question", "alpha beta gamma"])
                chat.type(Self.interrupt)
                #expect(try await chat.end().status == 0)
            }
        }

        @Test("Ctrl-C in a line that is being typed drops the line only")
        func interruptDropsLine() async throws {
            try await RunningServer.with(answers: Answers.words) { server in
                let chat = try server.start("chat", streams: .terminal)
                try await chat.wait(forOutput: "> ")
                chat.type("half a que")
                try await chat.wait(forOutput: "half a que")
                chat.type(Self.interrupt)
                try await chat.wait(for: "a new prompt") {
                    $0.output.split(separator: "half a que").dropFirst().contains { $0.contains("> ") }
                }
                chat.type("a whole question\n")
                try await chat.wait(forOutput: "alpha beta gamma\r\n> ")
                let sessions = try await server.run("sessions", "--json")
                #expect(sessions.output.field("title") == "a whole question")
                chat.type("/quit\n")
                #expect(try await chat.end().status == 0)
            }
        }

        @Test("a failed question does not end the conversation; SIGTERM does")
        func survivesFailures() async throws {
            let failing = #"{"error": {"kind": "invalid_request", "message": "not this one"}}"#
            try await RunningServer.with(answers: failing + "," + Answers.words) { server in
                let chat = try server.start("chat", streams: .terminal)
                try await chat.wait(forOutput: "> ")
                chat.type("first\n")
                try await chat.wait(forOutput: "chatctl: ")
                chat.type("second\n")
                try await chat.wait(forOutput: "alpha beta gamma\r\n> ")
                chat.signal(SIGTERM)
                #expect(try await chat.end().status == 128 + SIGTERM)
            }
        }
    }
}
