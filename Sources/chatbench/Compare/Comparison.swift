// The figures of all rounds, their medians and the medians of their ratios. Pure.

/// The middle one of some numbers.
enum Median {
    /// Nil of none; the mean of the two middle ones of an even number.
    static func of(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// A ratio over the rounds.
struct RatioSpread: Sendable, Equatable {
    let median: Double
    let least: Double
    let most: Double
}

/// What was measured in the contests, round by round.
struct Comparison: Sendable {
    /// The figures of one contestant in one work, by round.
    private struct Key: Hashable {
        let work: ComparedWork
        let contestant: Contestant
    }
    private var figures: [Key: [Int: Figures]] = [:]

    mutating func add(_ measured: Figures, of contestant: Contestant, in work: ComparedWork, round: Int) {
        figures[Key(work: work, contestant: contestant), default: [:]][round] = measured
    }

    /// The medians of a contestant's figures; empty where no round could be measured.
    func medians(of contestant: Contestant, in work: ComparedWork) -> Figures {
        let rounds = figures[Key(work: work, contestant: contestant)] ?? [:]
        var result: Figures = [:]
        for figure in Figure.allCases { result[figure] = Median.of(rounds.values.compactMap { $0[figure] }) }
        return result
    }

    /// The medians of the rounds' ratios: what drifts from round to round is the same for both of a round.
    func ratios(of pair: Pair, in work: ComparedWork) -> [Figure: RatioSpread] {
        let ours = figures[Key(work: work, contestant: pair.ours)] ?? [:]
        let theirs = figures[Key(work: work, contestant: pair.theirs)] ?? [:]
        var result: [Figure: RatioSpread] = [:]
        for figure in Figure.allCases {
            let values = ours.compactMap { round, own -> Double? in
                guard let own = own[figure], let other = theirs[round]?[figure], other > 0 else { return nil }
                return own / other
            }
            guard let median = Median.of(values), let least = values.min(), let most = values.max() else { continue }
            result[figure] = RatioSpread(median: median, least: least, most: most)
        }
        return result
    }
}
