// What a turn costs beside the length of the history behind its window: nothing more.

import ChatEngine
import EngineConformance
import RedisSupport
import Testing

@testable import RedisStore

@Suite("The cost of a turn", .serialized, .timeLimit(.minutes(1)))
struct HistoryCostTests {
    /// A conversation of so many messages, as Python writes it.
    private static func makeConversation(_ count: Int, _ harness: RedisHarness) async throws {
        let element = #"{"type": "human", "data": {"content": "\#(String(repeating: "x", count: 300))"}}"#
        var left = count
        while left > 0 {
            let part = min(left, 1000)
            try await harness.ask(
                ["LPUSH", "\(harness.cacheKey):chat:s\(count)"] + Array(repeating: element, count: part))
            left -= part
        }
    }

    @Test("does not grow with what its window leaves out")
    func historyCost() async throws {
        try await RedisHarness.with { harness in
            let lengths = [10, 1000, 100_000]
            for length in lengths { try await Self.makeConversation(length, harness) }
            var times: [Int: [Duration]] = [:]
            // In turns, so that whatever else the machine does meets all alike.
            for round in 0..<150 {
                for length in lengths {
                    let start = ContinuousClock.now
                    _ = try await harness.append("t\(round)", session: "s\(length)")
                    times[length, default: []].append(ContinuousClock.now - start)
                }
            }
            let medians = lengths.map { (times[$0] ?? []).sorted()[75] }
            print("a turn with 10, 1,000 and 100,000 messages before it: \(medians.map { "\($0)" })")
            #expect(medians[2] < medians[1] * 2, "it grows: \(medians)")
        }
    }
}
