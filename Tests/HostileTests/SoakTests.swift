// A long run of everything at once, at rates that a small machine bears: memory stays level, no descriptor is left, and
// nobody sees an error that was not asked for.

import ChatClient
import FakeModel
import Glibc
import ProgramSupport
import Testing

extension Hostile {
    @Suite("A long run")
    struct SoakTests {
        /// Growth of resident memory that counts as a leak, in bytes a second: 1 MiB in ten minutes, the noise of
        /// malloc in a run of twenty.
        private static let slopeMax = Double(1 << 20) / 600
        /// Shorter runs are too short for a slope: pools and tables are still filling.
        private static let secondsForSlope = 600
        /// The first part of a run fills pools, tables and histories.
        private static let warmUpPart = 0.25
        private static let sampleEvery = Duration.seconds(5)

        @Test("everything at once leaves nothing behind")
        func soak() async throws {
            let seconds = Hostile.number("CHAT_SOAK_SECONDS") ?? 10
            let script = FakeModelScript.answer(tokens: 30, interval: .milliseconds(3))
            // An empty file becomes a store: conversations lie on disk, so memory that grows is a leak.
            let store = try TemporaryFile(text: "")
            defer {
                store.remove()
                unlink(store.path + "-wal")
            }
            let flags = ["--diagnostics", "--store", "sqlite:\(store.path)"]
            try await ModelHost.withServer([script], flags) { server, _ in
                let watch = ProcessWatch(server)
                let client = try ChatClient(addresses: [server.address])
                _ = try await client.echo([1])
                // The client's connection is one of them, and is closed at the end.
                let descriptors = try watch.descriptors
                let load = SoakLoad(client: client, server: server, until: .now + .seconds(seconds))
                let samples = try await withThrowingTaskGroup(of: [(x: Double, y: Double)].self) { group in
                    group.addTask {
                        await load.run()
                        return []
                    }
                    group.addTask { try await Self.sample(watch, for: .seconds(seconds)) }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                await client.close()
                let isSettled = try await watch.settles(at: descriptors + SoakTests.idleModelConnections)
                try Self.report(samples, load, watch, descriptors)
                #expect(load.failures == [])
                #expect(isSettled, "descriptors were left")
                if seconds >= Self.secondsForSlope {
                    #expect(Self.slope(samples, seconds) <= Self.slopeMax, "chatd's memory grows")
                }
            }
        }

        /// Connections to the model that wait for the next request, for each loop of two.
        private static let idleModelConnections = 2 * 64

        private static func sample(
            _ watch: ProcessWatch, for span: Duration
        ) async throws -> [(x: Double, y: Double)] {
            let start = ContinuousClock.now
            let step = min(sampleEvery, span / 10)
            var samples: [(x: Double, y: Double)] = []
            while ContinuousClock.now < start + span {
                try await Task.sleep(for: step)
                samples.append(((ContinuousClock.now - start) / .seconds(1), Double(try watch.residentBytes)))
            }
            return samples
        }

        private static func slope(_ samples: [(x: Double, y: Double)], _ seconds: Int) -> Double {
            LineFit(samples.filter { $0.x >= Double(seconds) * warmUpPart }).slope
        }

        private static func report(
            _ samples: [(x: Double, y: Double)], _ load: SoakLoad, _ watch: ProcessWatch, _ descriptors: Int
        ) throws {
            let seconds = Int(samples.last?.x ?? 0)
            let kibibytes = samples.map { Int($0.y) >> 10 }
            let perTenMinutes = Int(slope(samples, seconds) * 600) >> 10
            Hostile.show(
                "soak of \(seconds) s: RSS \(kibibytes.first ?? 0) KiB at first, \(kibibytes.max() ?? 0) at most, "
                    + "\(kibibytes.last ?? 0) at last, slope after warm-up \(perTenMinutes) KiB in 10 min; "
                    + "every twelfth of them: \(kibibytes.enumerated().filter { $0.offset % 12 == 0 }.map(\.element)); "
                    + "descriptors \(descriptors) before, \(try watch.descriptors) after; \(load)")
        }
    }
}
