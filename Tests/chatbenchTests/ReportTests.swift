// The load tool's report: the JSON that scripts read, and when figures count.

import Testing

@testable import chatbench

@Suite("Report")
struct ReportTests {
    private func report(
        calls: Int, errors: Int = 0, tokens: Int = 0, rate: Double? = nil, costs: LoadCosts = LoadCosts()
    ) -> Report {
        var tally = Tally()
        for _ in 0..<calls { tally.latencies.record(nanoseconds: 250_000) }
        tally.errors = errors
        tally.tokens = tokens
        return Report(
            tally: tally, shape: LoadShape(connections: 1, inFlight: 1, rate: rate), seconds: 2, costs: costs)
    }

    @Test("the JSON has every key, with numbers")
    func json() {
        let costs = LoadCosts(
            serverCPUSeconds: 0.005, serverMemory: .init(residentBytes: 20_000_000, peakBytes: 21_000_000),
            clientCPUSeconds: 0.0101)
        let latencies = #"{"p50":250.0,"p90":250.0,"p99":250.0,"p999":250.0,"max":250.0}"#
        let expected = """
            {"calls_per_second":50.0,"tokens_per_second":2500.0,"errors":1,\
            "latency_us":\(latencies),\
            "server_cpu_us_per_call":49.505,"server_rss_bytes":20000000,"server_rss_peak_bytes":21000000,\
            "client_cpu_us_per_call":100.000,"latency_corrected_us":\(latencies),"token_latency_us":null,\
            "rate":null,"late_calls":null,"unbegun_calls":null,"seconds":2.000}
            """
        #expect(report(calls: 100, errors: 1, tokens: 5000, costs: costs).json == expected)
    }

    @Test("a server elsewhere has no CPU and no memory, which JSON says with null")
    func unknownServer() {
        let json = report(calls: 1).json
        for key in ["server_cpu_us_per_call", "server_rss_bytes", "server_rss_peak_bytes"] {
            #expect(json.contains("\"\(key)\":null"))
        }
    }

    @Test("a slow call counts for those that a closed loop did not make, and once at a fixed rate")
    func corrected() {
        var tally = Tally()
        for _ in 0..<9 { tally.latencies.record(nanoseconds: 1000) }
        tally.latencies.record(nanoseconds: 10_000)
        func json(rate: Double?, interval: Double? = nil) -> String {
            Report(
                tally: tally, shape: LoadShape(connections: 1, inFlight: 1, rate: rate), seconds: 1,
                costs: LoadCosts(), expectedIntervalMicroseconds: interval
            ).json
        }
        let measured = #"{"p50":1.0,"p90":1.0,"p99":10.0,"p999":10.0,"max":10.0}"#
        // 9, 8, ..., 1 us are added, so that 10 of 19 calls take a microsecond and the rest more.
        #expect(json(rate: nil).contains(#""latency_us":\#(measured)"#))
        #expect(json(rate: nil).contains(#""latency_corrected_us":{"p50":1.0,"p90":9.0,"p99":10.0,"#))
        #expect(json(rate: nil, interval: 6).contains(#""latency_corrected_us":\#(measured)"#))
        #expect(json(rate: 10).contains(#""latency_corrected_us":\#(measured)"#))
        #expect(json(rate: 10).contains(#""rate":10.000,"late_calls":0,"unbegun_calls":0"#))
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
        other.lateCalls = 2
        other.unbegunCalls = 3
        tally.add(other)
        #expect(tally.failures.map(\.words) == ["a", "b", "c"])
        #expect(tally.failures.map(\.count) == [2, 6, 1])
        #expect((tally.lateCalls, tally.unbegunCalls) == (2, 3))
    }

    @Test("the line of progress tells the last interval")
    func progress() {
        var latencies = LatencyHistogram()
        for _ in 0..<1234 { latencies.record(nanoseconds: 162_000) }
        let line = ProgressLine(secondsLeft: 7.4, isWarmUp: false, latencies: latencies, seconds: 1, errors: 2)
        #expect(line.text == "7 s left  1,234 calls/s  p50 0.162 ms  p99 0.162 ms  2 failed")
        let warming = ProgressLine(secondsLeft: 1, isWarmUp: true, latencies: latencies, seconds: 1, errors: 0)
        #expect(warming.text == "1 s left  warming up")
    }

    @Test("numbers are written with the digits that count")
    func numbers() {
        let texts = [0, 0.0004, 0.0996, 0.99951, 1.005, 9.994, 9.996, 99.94, 99.96, 999.5, 12_345.6, 1_234_567]
            .map(Decimal.short)
        #expect(
            texts == [
                "0", "0.000", "0.100", "1.00", "1.00", "9.99", "10.0", "99.9", "100", "1,000", "12,346", "1,234,567",
            ])
        #expect(Decimal.short(-1234.5) == "-1,235")
        #expect(Decimal.text(-0.04, digits: 1) == "0.0")
        #expect(Decimal.text(2.5, digits: 3) == "2.500")
        #expect(Decimal.text(.infinity, digits: 3) == "-")
    }
}
