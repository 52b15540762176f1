// Callers that hang up: the model must stop at once, since every token is paid. Measured at the model's own socket.

import ConformancePeer
import FakeModel
import ProgramSupport
import Testing

extension Hostile {
    @Suite("Callers that hang up")
    struct HangUpTests {
        /// From the caller's last act to the end of the model's connection, for 99 of 100.
        private static let limit = Duration.milliseconds(50)
        private static let rounds = 100

        /// Lets `rounds` callers hang up when `isReady` says so, each in a session of its own.
        private func measure(
            _ manner: CallerSocket.HangUp, _ server: RunningServer, _ host: ModelHost,
            isReady: (CallerSocket, Int) async throws -> Void
        ) async throws -> Latencies {
            var times: [Duration] = []
            for round in 0..<Self.rounds {
                let caller = try CallerSocket(port: server.port)
                let request = try await host.requestCount
                try caller.streamChat("question", session: "\(manner)-\(round)")
                try await isReady(caller, request)
                let start = ContinuousClock.now
                try caller.hangUp(manner)
                let seen = try await host.request(request) { $0.closedByClient != nil || $0.answered != nil }
                times.append(try #require(seen.closedByClient, "the model wrote all of its answer") - start)
            }
            return Latencies(times)
        }

        private func check(_ times: Latencies, _ what: String) {
            let (p50, p99, most) = (times.percentile(0.5), times.percentile(0.99), times.percentile(1))
            Hostile.show(
                "hang-up \(what): \(times.count) times, the model's connection closed after p50 \(p50.milliseconds), "
                    + "p99 \(p99.milliseconds), at most \(most.milliseconds)")
            #expect(p99 <= Self.limit, "\(what)")
        }

        @Test("the model is stopped in the middle of its answer", arguments: CallerSocket.HangUp.allCases)
        func midAnswer(manner: CallerSocket.HangUp) async throws {
            try await ModelHost.withServer([.broken(afterTokens: 2, by: .stall)]) { server, host in
                let times = try await measure(manner, server, host) { caller, _ in
                    // `started`, then both tokens.
                    for _ in 0..<2 { _ = try #require(try caller.frame()) }
                }
                check(times, "in the middle of an answer by \(manner)")
            }
        }

        @Test("the model is stopped before its first token", arguments: CallerSocket.HangUp.allCases)
        func beforeFirstToken(manner: CallerSocket.HangUp) async throws {
            try await ModelHost.withServer([.unanswered]) { server, host in
                let times = try await measure(manner, server, host) { _, request in
                    _ = try await host.request(request) { _ in true }
                }
                check(times, "before the first token by \(manner)")
            }
        }

        @Test("one who stands in line for a busy session leaves it", arguments: CallerSocket.HangUp.allCases)
        func inLine(manner: CallerSocket.HangUp) async throws {
            try await ModelHost.withServer([.broken(afterTokens: 2, by: .stall), .echo]) { server, host in
                let first = try CallerSocket(port: server.port)
                try first.streamChat("first", session: "busy")
                _ = try await host.request(0) { $0.tokensSent == 2 }

                var leaving: [CallerSocket] = []
                for _ in 0..<20 {
                    let caller = try CallerSocket(port: server.port)
                    try caller.streamChat("in line", session: "busy")
                    // The answer to a PING comes after the request before it was begun, which took it to the line.
                    try caller.send(HandWritten.frame(id: 0xFFFF_FFFF, type: 0x04))
                    #expect(try caller.frame()?.type == 0x05)
                    leaving.append(caller)
                }
                for caller in leaving { try caller.hangUp(manner) }
                if manner == .cancel {
                    for caller in leaving { #expect(try caller.frame()?.outcome.code == 1) }
                }
                // The next one in line is somebody who came after all of them.
                let last = try CallerSocket(port: server.port)
                try last.streamChat("last", session: "busy")
                let start = ContinuousClock.now
                try first.hangUp(.finish)
                let second = try await host.request(1) { _ in true }
                let body = String(decoding: second.body, as: UTF8.self)
                #expect(body.contains("last"))
                #expect(!body.contains("in line"))
                #expect(second.arrived - start <= .seconds(5))
                Hostile.show(
                    "hang-up in line by \(manner): the next in line asked its model "
                        + "\((second.arrived - start).milliseconds) after the holder hung up")
                #expect(try await host.requestCount == 2)
            }
        }
    }
}
