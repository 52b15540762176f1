// Latencies by logarithmic buckets with linear steps in them, as HDR histograms have them: constant size, constant
// time, a known relative error. Pure.

/// Counts spans of time from 1 ns to 18 minutes, each known to one part in 256. Longer ones count as the longest.
struct LatencyHistogram: Sendable {
    /// Steps within each power of two: 2^8, so a value is known to 0.4 %.
    private static let stepBits = 8
    /// Longest value: 2^40 ns.
    private static let valueBits = 40
    private static let steps = 1 << stepBits

    private var counts = [UInt64](repeating: 0, count: (valueBits - stepBits + 1) * steps)
    /// Values counted.
    private(set) var count: UInt64 = 0
    /// The longest value counted, exactly; 0 without values.
    private(set) var maxNanoseconds: UInt64 = 0

    /// Counts one value.
    mutating func record(nanoseconds: UInt64) {
        counts[Self.bucket(of: min(nanoseconds, 1 << Self.valueBits - 1))] += 1
        count += 1
        maxNanoseconds = max(maxNanoseconds, nanoseconds)
    }

    mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        maxNanoseconds = max(maxNanoseconds, other.maxNanoseconds)
    }

    /// What was counted since an earlier state of the same histogram. Its maximum is that of all values.
    func since(_ earlier: LatencyHistogram) -> LatencyHistogram {
        var result = self
        for index in counts.indices { result.counts[index] -= earlier.counts[index] }
        result.count -= earlier.count
        return result
    }

    /// What it would hold if nobody had waited for slow calls before asking again: for each value longer than the
    /// interval, also those of the calls that would have begun meanwhile, one an interval. This is HDR histograms'
    /// correction for coordinated omission.
    ///
    /// - Parameter interval: from one call's beginning to the next while nothing is slow, in nanoseconds; 0 corrects
    ///   nothing.
    func corrected(expectedIntervalNanoseconds interval: UInt64) -> LatencyHistogram {
        var result = self
        guard interval > 0 else { return result }
        for (source, sourceCount) in counts.enumerated() where sourceCount > 0 {
            let value = min(Self.lastValue(of: source), maxNanoseconds)
            // The added values are value - interval, value - 2 * interval, ..., the last of them at least an interval.
            // They are counted bucket by bucket, since a value of minutes has millions of them.
            var bucket = Self.bucket(of: min(interval, 1 << Self.valueBits - 1))
            while bucket <= source {
                let low = max(bucket == 0 ? 0 : Self.lastValue(of: bucket - 1) + 1, interval)
                let high = Self.lastValue(of: bucket)
                let stepsMin = high >= value ? 1 : max(1, (value - high - 1) / interval + 1)
                let stepsMax = low > value ? 0 : (value - low) / interval
                if stepsMax >= stepsMin {
                    let added = sourceCount * (stepsMax - stepsMin + 1)
                    result.counts[bucket] += added
                    result.count += added
                }
                bucket += 1
            }
        }
        return result
    }

    /// The smallest value that at least this part of all values does not exceed, rounded up to its bucket's end.
    ///
    /// - Parameter part: 0 to 1.
    /// - Returns: 0 without values.
    func nanoseconds(atPart part: Double) -> UInt64 {
        precondition((0...1).contains(part), "a quantile is a part of all values")
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((Double(count) * part).rounded(.up)))
        var seen: UInt64 = 0
        for (index, bucket) in counts.enumerated() {
            seen += bucket
            if seen >= wanted { return min(Self.lastValue(of: index), maxNanoseconds) }
        }
        return maxNanoseconds
    }

    /// Values below two powers of steps have buckets of their own; above, each power of two has as many buckets.
    private static func bucket(of value: UInt64) -> Int {
        let shift = max(0, UInt64.bitWidth - value.leadingZeroBitCount - stepBits - 1)
        return shift << stepBits + Int(value >> UInt64(shift))
    }

    private static func lastValue(of index: Int) -> UInt64 {
        let shift = max(0, index >> stepBits - 1)
        return UInt64(index - shift << stepBits + 1) << UInt64(shift) - 1
    }
}
