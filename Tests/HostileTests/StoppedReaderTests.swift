// Streams whose reader stops: the transfer from the model pauses within the queues' limits, goes on when the reader
// does, and is ended when the write timeout passes.

import ConformancePeer
import FakeModel
import Glibc
import ProgramSupport
import Testing

extension Hostile {
    @Suite("Readers that stop")
    struct StoppedReaderTests {
        /// What a model's answer consists of here: far more than all queues and the kernel's buffers hold together.
        private static let pieceBytes = 1000
        private static let pieces = 48_000
        private static let model = FakeModelScript(
            [.role] + Array(repeating: .reasoning(String(repeating: "r", count: pieceBytes)), count: pieces)
                + [.token("end"), .finish("stop"), .usage, .done])
        /// What chatd may hold for one such stream beyond what the kernel has: its queue, curl's, and what malloc makes
        /// of them.
        private static let residentBytesMax = 2 << 20

        /// Waits until the model can write no more of these answers.
        ///
        /// - Returns: the bytes that left it.
        private func stalled(_ requests: Range<Int>, _ host: ModelHost) async throws -> Int {
            var last: [Int] = []
            while true {
                var sent: [Int] = []
                for number in requests { sent.append(try await host.request(number)?.bytesSent ?? 0) }
                if sent == last, !sent.contains(0) { return sent.reduce(0, +) }
                last = sent
                try await Task.sleep(for: .milliseconds(500))
            }
        }

        /// Callers that leave at once, so that both loops have what stays with them: an HTTP client with its own
        /// descriptors, and pools.
        ///
        /// - Returns: the id of the model's next request.
        private func warmUp(_ server: RunningServer, _ host: ModelHost) async throws -> Int {
            let count = 4
            for number in 0..<count {
                let caller = try CallerSocket(port: server.port)
                try caller.streamChat("warm up", session: "warm-\(number)")
                _ = try caller.frame()
                try caller.hangUp(.finish)
                _ = try await host.request(number) { $0.closedByClient != nil }
            }
            return count
        }

        @Test("the transfer pauses within the queues and goes on where it stopped")
        func pausesAndGoesOn() async throws {
            try await ModelHost.withServer([Self.model]) { server, host in
                let watch = ProcessWatch(server)
                let number = try await warmUp(server, host)
                let before = try watch.residentBytes
                let caller = try CallerSocket(port: server.port)
                try caller.streamChat("question", session: "s")
                let paused = try await stalled(number..<number + 1, host)
                let grown = try watch.residentBytes - before
                Hostile.show(
                    "stopped reader: the model could write \(paused >> 10) KiB of "
                        + "\((Self.pieces * Self.pieceBytes) >> 10), chatd grew by \(grown >> 10) KiB")
                #expect(grown < Self.residentBytesMax || Hostile.isSanitized)

                var reasoning = 0
                var sequence: UInt64 = 0
                while let frame = try caller.frame(), frame.flags != 0x05 {
                    let fields = HandWritten.fields(frame.payload)
                    sequence += 1
                    try #require(fields.first { $0.number == 1 }?.value == sequence, "no event is missing")
                    reasoning += fields.first { $0.number == 4 }?.bytes.count ?? 0
                }
                #expect(reasoning == Self.pieces * Self.pieceBytes)
                let request = try await host.request(number) { $0.answered != nil }
                #expect(request.closedByClient == nil)
            }
        }

        @Test("many stopped readers cost chatd their queues and no more")
        func many() async throws {
            let count = Hostile.size(short: 40, full: 400)
            try await ModelHost.withServer([Self.model]) { server, host in
                let watch = ProcessWatch(server)
                let first = try await warmUp(server, host)
                let before = try watch.residentBytes
                let callers = try (0..<count).map { number in
                    let caller = try CallerSocket(port: server.port)
                    try caller.streamChat("question", session: "s\(number)")
                    return caller
                }
                let written = try await stalled(first..<first + count, host)
                let grown = try watch.residentBytes - before
                Hostile.show(
                    "\(count) stopped readers: the model could write \(written / count / 1024) KiB each, chatd grew by "
                        + "\(grown / count / 1024) KiB each")
                // 64 KiB each: the stream's queue, what curl gave last and is being taken apart, twice, and what it
                // gives next; arrays that grow by doubling make twice that of them. And curl's own buffers.
                #expect(grown / count < 640 * 1024 || Hostile.isSanitized)
                for caller in callers { try caller.hangUp(.reset) }
                for number in first..<first + count {
                    _ = try await host.request(number) { $0.closedByClient != nil }
                }
            }
        }

        @Test("the transfer is ended when the write timeout passes")
        func writeTimeout() async throws {
            let timeout = Duration.seconds(2)
            try await ModelHost.withServer([Self.model], ["--write-timeout", "2s"]) { server, host in
                let watch = ProcessWatch(server)
                let number = try await warmUp(server, host)
                let descriptors = try watch.descriptors
                let caller = try CallerSocket(port: server.port)
                try caller.streamChat("question", session: "s")
                let start = ContinuousClock.now
                let request = try await host.request(number) { $0.closedByClient != nil }
                let taken = try #require(request.closedByClient) - start
                Hostile.show("stopped reader past a write timeout of 2 s: ended after \(taken.milliseconds)")
                #expect(taken >= timeout)
                #expect(taken <= timeout + .seconds(2))
                #expect(try await watch.settles(at: descriptors))
                _ = caller
            }
        }

        @Test("a client that is stopped by a signal loses its connection, and nothing is left of it")
        func stoppedProcess() async throws {
            try await ModelHost.withServer([Self.model], ["--write-timeout", "2s"]) { server, host in
                let watch = ProcessWatch(server)
                let number = try await warmUp(server, host)
                let descriptors = try watch.descriptors
                let client = try server.start("chat", "--json", "question")
                _ = try await host.request(number) { $0.bytesSent > 0 }
                client.signal(SIGSTOP)
                let request = try await host.request(number) { $0.closedByClient != nil || $0.answered != nil }
                #expect(request.closedByClient != nil, "the client was stopped before it had read everything")
                #expect(try await watch.settles(at: descriptors))
                client.signal(SIGCONT)
                let end = try await client.end()
                #expect(end.status == 69)
                #expect(end.output.lines.last?.contains("UNAVAILABLE") == true)
            }
        }
    }
}
