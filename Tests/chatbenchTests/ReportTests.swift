// The load tool's report: the JSON that scripts read, and when figures count.

import Testing

@testable import chatbench

@Suite("Report")
struct ReportTests {
    private func report(
        calls: Int, errors: Int = 0, tokens: Int = 0, cpuSeconds: Double? = nil, residentBytes: Int? = nil
    ) -> Report {
        var tally = Tally()
        for _ in 0..<calls { tally.latencies.record(nanoseconds: 250_000) }
        tally.errors = errors
        tally.tokens = tokens
        return Report(
            tally: tally, connections: 1, inFlight: 1, seconds: 2, serverCPUSeconds: cpuSeconds,
            serverResidentBytes: residentBytes)
    }

    @Test("the JSON has every key, with numbers")
    func json() {
        let expected = """
            {"calls_per_second":50.0,"tokens_per_second":2500.0,"errors":1,\
            "latency_us":{"p50":250.0,"p90":250.0,"p99":250.0,"p999":250.0,"max":250.0},\
            "server_cpu_us_per_call":49.505,"server_rss_bytes":20000000}
            """
        #expect(
            report(calls: 100, errors: 1, tokens: 5000, cpuSeconds: 0.005, residentBytes: 20_000_000).json == expected)
    }

    @Test("a server elsewhere has no CPU and no memory, which JSON says with null")
    func unknownServer() {
        let json = report(calls: 1).json
        #expect(json.hasSuffix(#""server_cpu_us_per_call":null,"server_rss_bytes":null}"#))
    }

    @Test("figures count while at most one call in a hundred failed")
    func usable() {
        #expect(report(calls: 99, errors: 1).isUsable)
        #expect(!report(calls: 98, errors: 2).isUsable)
        #expect(!report(calls: 0).isUsable)
    }

    @Test("failures are told by kind, the first three kinds only")
    func failures() {
        var tally = Tally()
        for words in ["a", "b", "a", "c", "d"] { tally.note(words) }
        var other = Tally()
        other.note("b", count: 5)
        tally.add(other)
        #expect(tally.failures.map(\.words) == ["a", "b", "c"])
        #expect(tally.failures.map(\.count) == [2, 6, 1])
    }
}
