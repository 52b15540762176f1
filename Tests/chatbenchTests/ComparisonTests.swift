// Medians, ratios and the tables made of them.

import Testing

@testable import chatbench

@Suite("Comparison")
struct ComparisonTests {
    private let chatd = Contestant(server: .chatd(.memory), load: .peer(.bare))
    private let bare = Contestant(server: .peer(.bare), load: .peer(.bare))

    private func pair(_ goals: [Goal] = []) -> Pair { Pair(ours: chatd, theirs: bare, goals: goals) }

    @Test("the median is the middle one, or the mean of the two in the middle")
    func medians() {
        #expect(Median.of([]) == nil)
        #expect(Median.of([3]) == 3)
        #expect(Median.of([9, 1, 2]) == 2)
        #expect(Median.of([10, 1, 4, 2]) == 3)
        // Against counting, on random lists: as many below as above.
        var random = SeededNumbers(state: 7)
        for count in 1...60 {
            let values = (0..<count).map { _ in Double(random.next() % 20) }
            let median = Median.of(values)!
            #expect(values.count { $0 < median } <= count / 2)
            #expect(values.count { $0 > median } <= count / 2)
        }
    }

    @Test("a ratio is the median of the rounds' ratios, and not the ratio of medians")
    func ratios() throws {
        var comparison = Comparison()
        for (round, calls) in [(100.0, 200.0), (50, 200), (10, 10)].enumerated() {
            comparison.add([.callsPerSecond: calls.0], of: chatd, in: .echo1x1, round: round)
            comparison.add([.callsPerSecond: calls.1], of: bare, in: .echo1x1, round: round)
        }
        #expect(comparison.medians(of: chatd, in: .echo1x1) == [.callsPerSecond: 50])
        #expect(comparison.medians(of: bare, in: .echo1x1) == [.callsPerSecond: 200])
        let ratio = try #require(comparison.ratios(of: pair(), in: .echo1x1)[.callsPerSecond])
        #expect(ratio == RatioSpread(median: 0.5, least: 0.25, most: 1))
        #expect(comparison.ratios(of: pair(), in: .echo16x1).isEmpty)
    }

    @Test("a round that only one of a pair has, a figure that one lacks and a division by zero make no ratio")
    func missing() throws {
        var comparison = Comparison()
        comparison.add([.callsPerSecond: 8, .p50Microseconds: 5], of: chatd, in: .echo1x1, round: 0)
        comparison.add([.callsPerSecond: 1000], of: chatd, in: .echo1x1, round: 1)
        comparison.add([.callsPerSecond: 3, .serverCPUMicrosecondsPerCall: 1], of: chatd, in: .echo1x1, round: 2)
        comparison.add([.callsPerSecond: 2, .p99Microseconds: 5], of: bare, in: .echo1x1, round: 0)
        comparison.add([.callsPerSecond: 0, .serverCPUMicrosecondsPerCall: 0], of: bare, in: .echo1x1, round: 2)
        let ratios = comparison.ratios(of: pair(), in: .echo1x1)
        #expect(ratios == [.callsPerSecond: RatioSpread(median: 4, least: 4, most: 4)])
        #expect(comparison.medians(of: chatd, in: .echo1x1)[.callsPerSecond] == 8)
    }

    private func table(goals: [Goal]) throws -> ComparisonTable {
        var contest = Contest(.echo1x1, peers: [.bare])
        let ours = try #require(contest.contestants.first { $0.load == .peer(.bare) })
        contest.pairs = [Pair(ours: ours, theirs: bare, goals: goals)]
        var comparison = Comparison()
        let own: Figures = [
            .callsPerSecond: 40_000, .p50Microseconds: 20.04, .p99Microseconds: 123.4,
            .serverCPUMicrosecondsPerCall: 4.31, .serverResidentBytes: 25_400_000,
        ]
        comparison.add(own, of: ours, in: .echo1x1, round: 0)
        comparison.add([.callsPerSecond: 100_000, .p50Microseconds: 10], of: bare, in: .echo1x1, round: 0)
        return ComparisonTable(
            contests: [contest], comparison: comparison,
            footprints: [.idle(.memory, bytes: 25_400_000), .perConnection(bytes: 7000, of: 10_000)],
            notes: ["gRPC C++ is not measured: no compiler"], rounds: 1, seconds: 3)
    }

    @Test("the Markdown has the medians, the ratios with their goals, and what is missing")
    func markdown() throws {
        let goals = [
            Goal(figure: .callsPerSecond, bound: .atLeast(0.3)), Goal(figure: .p50Microseconds, bound: .atMost(1)),
            Goal(figure: .serverCPUMicrosecondsPerCall, bound: .atMost(0.15)),
        ]
        let expected = """
            | work | `chatd`: calls/s, p50, p99, CPU | beside it: calls/s, p50, CPU | calls x | p50 x | CPU x |
            |---|---|---|---:|---:|---:|
            | echo 1x1 | by C 40.0k, 20.0 us, 123 us, 4.31 us | bare C 100k, 10.0 us, - | 0.40 (>=0.30) | \
            2.0 (<=1) | - |

            | beside that | measured | goal |
            |---|---:|---|
            | RSS of an idle chatd, `memory:` | 25.4 MB | <= 20 MB |
            | RSS per idle connection, of 10,000 | 7.00 KB | <= 8 KB |

            Medians of 1 round of 3 s. A ratio is `chatd`'s figure by the peer's, the median of the rounds' ratios, \
            with its goal
            in brackets. Works are connections x calls in flight on each; an echo has 128 bytes, a turn 50 tokens, \
            whole or
            streamed. CPU is the server's, per call. FastAPI is the service with FastAPI, LangChain and Redis that \
            this replaces; scripts is redis-benchmark with those of `chatd`'s locks, Python is python-redis-lock.

            - gRPC C++ is not measured: no compiler
            """
        let table = try table(goals: goals)
        #expect(table.markdown == expected)
        // chatd under chatbench was not measured.
        #expect(!table.isComplete)
    }

    @Test("what fails for one reason in several works is one note")
    func notes() {
        var notes = Notes()
        notes.add("chatd, redis: is not measured", because: "refused", in: .chat)
        notes.add("there is no Redis", because: "no such program")
        notes.add("chatd, redis: is not measured", because: "refused", in: .stream)
        notes.add("chatd, redis: is not measured", because: "refused", in: .stream)
        notes.add("chatd, redis: is not measured", because: "killed", in: .stream)
        #expect(
            notes.lines == [
                "chatd, redis: is not measured (chat, stream): refused", "there is no Redis: no such program",
                "chatd, redis: is not measured (stream): killed",
            ])
    }

    @Test("the JSON has the same, with the spread of each ratio")
    func json() throws {
        let line = try table(goals: [Goal(figure: .callsPerSecond, bound: .atLeast(0.3))]).json
        #expect(!line.contains("\n"))
        for part in [
            #""rounds":1"#, #""work":"echo-1x1","server":"bare C","calls_per_second":100000"#,
            #""ratio":"chatd, bare C's load / bare C","calls_per_second":{"median":0.4,"least":0.4,"most":0.4}"#,
            #""goals":[{"goal":"calls/s >= 0.30 x","met":true}]"#,
            #""name":"rss_kb_per_connection","value":7.0,"goal":8.0,"met":true"#,
            #""notes":["gRPC C++ is not measured: no compiler"]"#,
        ] {
            #expect(line.contains(part), "\(part) in \(line)")
        }
    }
}

/// Numbers that are the same in every run.
private struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 20
    }
}
