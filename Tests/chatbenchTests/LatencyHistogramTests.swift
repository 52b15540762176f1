// The load tool's histogram beside the exact quantiles of the same values.

import Testing

@testable import chatbench

@Suite("LatencyHistogram")
struct LatencyHistogramTests {
    /// Values of every size, from a fixed seed.
    private func values(count: Int) -> [UInt64] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 24) >> UInt64(index % 40)
        }
    }

    @Test("a quantile is the exact one, rounded up by at most one part in 256")
    func quantiles() {
        let values = values(count: 20_000)
        var histogram = LatencyHistogram()
        for value in values { histogram.record(nanoseconds: value) }
        let sorted = values.sorted()
        for part in [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = sorted[max(0, Int((Double(sorted.count) * part).rounded(.up)) - 1)]
            let told = histogram.nanoseconds(atPart: part)
            #expect(told >= exact, "at \(part)")
            #expect(told <= exact + exact / 256 + 1, "at \(part)")
        }
        #expect(histogram.count == 20_000)
        #expect(histogram.maxNanoseconds == sorted.last)
        #expect(histogram.nanoseconds(atPart: 1) == sorted.last)
    }

    @Test("values at the edges of powers of two keep their order and their error", arguments: 0..<40)
    func edges(power: UInt64) {
        for value in [(1 << power) - 1, 1 << power, (1 << power) + 1] as [UInt64] {
            var histogram = LatencyHistogram()
            histogram.record(nanoseconds: value)
            histogram.record(nanoseconds: 1 << 40 - 1)
            let told = histogram.nanoseconds(atPart: 0.5)
            #expect(told >= value && told <= value + value / 256)
        }
    }

    @Test("a value beyond the range counts as the longest, and the maximum stays exact")
    func tooLong() {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: .max)
        #expect(histogram.count == 1)
        #expect(histogram.maxNanoseconds == .max)
        #expect(histogram.nanoseconds(atPart: 0.5) == 1 << 40 - 1)
    }

    @Test("two histograms add up to that of all values, and an empty one has no quantiles")
    func sums() {
        let values = values(count: 2000)
        var (all, even, odd) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        #expect(all.nanoseconds(atPart: 0.5) == 0)
        for (index, value) in values.enumerated() {
            all.record(nanoseconds: value)
            if index % 2 == 0 { even.record(nanoseconds: value) } else { odd.record(nanoseconds: value) }
        }
        even.add(odd)
        #expect(even.count == all.count)
        for part in [0.1, 0.5, 0.99, 1] { #expect(even.nanoseconds(atPart: part) == all.nanoseconds(atPart: part)) }
    }

    @Test("what came since an earlier state is the difference")
    func difference() {
        let values = values(count: 3000)
        var (all, late) = (LatencyHistogram(), LatencyHistogram())
        for value in values[..<1000] { all.record(nanoseconds: value) }
        let earlier = all
        for value in values[1000...] {
            all.record(nanoseconds: value)
            late.record(nanoseconds: value)
        }
        let since = all.since(earlier)
        #expect(since.count == 2000)
        for part in [0, 0.1, 0.5, 0.99] { #expect(since.nanoseconds(atPart: part) == late.nanoseconds(atPart: part)) }
        #expect(all.since(all).count == 0)
        #expect(all.since(all).nanoseconds(atPart: 0.5) == 0)
    }

    /// A value as the histogram knows it: its bucket's end.
    private func known(_ value: UInt64, max: UInt64) -> UInt64 {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: value)
        histogram.record(nanoseconds: max)
        return histogram.nanoseconds(atPart: 0.5)
    }

    @Test(
        "the correction adds what a list of all calls that were not made would hold",
        arguments: [1, 2, 511, 512, 513, 1000, 65_537, 1_000_000, 300_000_000] as [UInt64])
    func corrects(interval: UInt64) throws {
        // Up to 1500 intervals long, and some of them shorter than one.
        var state: UInt64 = interval
        let values = (0..<300).map { index -> UInt64 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % (interval << UInt64(index % 11)) + UInt64(index % 3)
        }
        let longest = try #require(values.max())
        var histogram = LatencyHistogram()
        var naive: [UInt64] = []
        for value in values {
            histogram.record(nanoseconds: value)
            naive.append(value)
            let value = min(known(value, max: longest), longest)
            var missing = value
            while missing >= 2 * interval {
                missing -= interval
                naive.append(missing)
            }
        }
        naive.sort()
        let corrected = histogram.corrected(expectedIntervalNanoseconds: interval)
        #expect(corrected.count == UInt64(naive.count))
        #expect(naive.count > values.count)
        #expect(corrected.maxNanoseconds == longest)
        for step in 0...100 {
            let part = Double(step) / 100
            let exact = naive[max(0, Int((Double(naive.count) * part).rounded(.up)) - 1)]
            #expect(corrected.nanoseconds(atPart: part) == known(exact, max: longest), "at \(part)")
        }
    }

    @Test("the correction of nothing, by nothing and of values beyond the range ends, and soon")
    func correctionBounds() {
        #expect(LatencyHistogram().corrected(expectedIntervalNanoseconds: 1000).count == 0)
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: .max)
        histogram.record(nanoseconds: 5)
        #expect(histogram.corrected(expectedIntervalNanoseconds: 0).count == 2)
        #expect(histogram.corrected(expectedIntervalNanoseconds: .max).count == 2)
        // 2^40 - 1, 2^40 - 2, ..., 1: the last one is the interval.
        #expect(histogram.corrected(expectedIntervalNanoseconds: 1).count == 1 << 40 - 2 + 2 + 4)
    }
}
