// chatbench on a real chatd: what it prints can be believed.

import Glibc
import ProgramSupport
import Testing

extension EndToEnd {
    @Suite("chatbench")
    struct LoadToolTests {
        private static let keys = [
            "calls_per_second", "tokens_per_second", "errors", "latency_us", "p50", "p90", "p99", "p999", "max",
            "server_cpu_us_per_call", "server_rss_bytes", "server_rss_peak_bytes", "client_cpu_us_per_call",
            "latency_corrected_us", "token_latency_us", "rate", "late_calls", "unbegun_calls", "seconds",
        ]

        private func bench(_ server: RunningServer, _ arguments: String...) throws -> ChildProgram {
            try ChildProgram.start(
                "chatbench", [arguments[0], "--server", server.address, "--json"] + arguments.dropFirst())
        }

        @Test("a closed loop keeps its calls in flight and reports every key")
        func closedLoop() async throws {
            try await RunningServer.with(["--diagnostics"]) { server in
                let run = try await bench(
                    server, "echo", "--connections", "2", "--in-flight", "2", "--warm-up", "0.1", "--duration", "0.5"
                ).end()
                #expect(run.status == 0)
                #expect(run.errors == "")
                #expect(run.output.lines.count == 1)
                for key in Self.keys { #expect(run.output.field(key) != nil, "\(key)") }
                #expect(run.output.field("errors") == "0")
                #expect(run.output.field("rate") == "null")
                let calls = try #require(run.output.number("calls_per_second"))
                let median = try #require(run.output.number("p50"))
                #expect(calls > 0)
                #expect(median > 0)
                #expect(try #require(run.output.number("max")) >= median)
                #expect(try #require(run.output.number("seconds")) >= 0.5)
                let resident = try #require(run.output.number("server_rss_bytes"))
                #expect(try #require(run.output.number("server_rss_peak_bytes")) >= resident)
                #expect(try #require(run.output.number("client_cpu_us_per_call")) > 0)
            }
        }

        @Test("a fixed rate is kept, evenly and at random", arguments: ["even", "poisson"])
        func fixedRate(pattern: String) async throws {
            try await RunningServer.with(["--diagnostics"]) { server in
                let run = try await bench(
                    server, "echo", "--connections", "4", "--in-flight", "4", "--warm-up", "0.1", "--duration", "2",
                    "--rate", "400", "--arrivals", pattern
                ).end()
                #expect(run.status == 0)
                #expect(run.output.field("errors") == "0")
                #expect(run.output.field("rate") == "400.000")
                let calls = try #require(run.output.number("calls_per_second"))
                #expect(abs(calls - 400) < 80)
            }
        }

        @Test("calls that wait for a caller are late, and their wait is part of their latency")
        func overload() async throws {
            // One caller and five words of 300 ms in between: 1.2 s a call, asked for four times a second.
            try await RunningServer.with(answers: Answers.slow) { server in
                let run = try await bench(
                    server, "stream", "--warm-up", "0", "--duration", "5", "--rate", "4"
                ).end()
                #expect(run.output.field("errors") == "0")
                #expect(try #require(run.output.number("late_calls")) >= 1)
                #expect(try #require(run.output.number("unbegun_calls")) >= 7)
                // The second call was due at 0.25 s and could begin after 1.2 s only.
                #expect(try #require(run.output.number("max")) >= 2_000_000)
            }
        }

        @Test("stamped tokens tell how long they took")
        func stamps() async throws {
            let model = try ChildProgram.start("chatbench", ["model", "--tokens", "5", "--interval", "2", "--stamp"])
            defer { model.signal(SIGKILL) }
            try await model.wait(forOutput: "/v1\n")
            let url = model.snapshot.output.lines[0]
            try await RunningServer.with(model: "openai:fake@\(url)") { server in
                let run = try await bench(server, "stream", "--warm-up", "0", "--duration", "0.5").end()
                #expect(run.status == 0)
                let tokens = try #require(run.output.firstRange(of: #""token_latency_us":{"#))
                let delay = try #require(String(run.output[tokens.lowerBound...]).number("p50"))
                // Above nothing, and below the whole call with its four pauses.
                #expect(delay > 0 && delay < 8000)
                #expect(try #require(run.output.number("p50")) >= 8000)
            }
        }

        @Test("Ctrl-C ends the run early, and what was measured is reported")
        func interrupted() async throws {
            try await RunningServer.with(["--diagnostics"]) { server in
                let run = try bench(server, "echo", "--warm-up", "0", "--duration", "600", "--progress")
                // The second line of progress comes after a second of measuring.
                try await run.wait(for: "progress") { $0.errors.lines.count >= 2 }
                run.signal(SIGINT)
                let end = try await run.end()
                #expect(end.status == 130)
                #expect(try #require(end.output.number("calls_per_second")) > 0)
                #expect(try #require(end.output.number("seconds")) < 60)
                #expect(end.errors.lines[1].contains(" calls/s  p50 "))
            }
        }

        @Test("on a terminal the progress is one line that is rewritten")
        func terminal() async throws {
            try await RunningServer.with(["--diagnostics"]) { server in
                let run = try ChildProgram.start(
                    "chatbench", ["echo", "--server", server.address, "--warm-up", "0", "--duration", "1.2"],
                    streams: .terminal)
                let end = try await run.end()
                #expect(end.status == 0)
                #expect(end.output.contains("\r1 s left  "))
                #expect(end.output.contains("\r\u{1B}[K1 connections x 1 in flight"))
                #expect(end.output.contains("corrected for a call every"))
            }
        }

        @Test(
            "a command line that cannot be understood ends with 64 and words",
            arguments: [
                ["echo", "--rate", "0"], ["echo", "--rate", "nan"], ["echo", "--arrivals", "odd"],
                ["echo", "--rate", "10", "--expected-interval", "5"], ["echo", "--expected-interval", "0"],
            ])
        func wrongFlags(_ arguments: [String]) async throws {
            let end = try await ChildProgram.start("chatbench", arguments).end()
            #expect(end.status == 64)
            #expect(end.errors.hasPrefix("chatbench: "))
            #expect(end.output == "")
        }
    }
}
