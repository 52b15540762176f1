// A comparison as Markdown for people and as JSON for programs. Pure.

internal import JSON

struct ComparisonTable: Sendable {
    let contests: [Contest]
    let comparison: Comparison
    let footprints: [Footprint]
    /// What could not be measured, and why.
    let notes: [String]
    let rounds: Int
    let seconds: Double

    /// True when chatd on its memory store, of which all else is a variation, was measured in every work.
    var isComplete: Bool {
        contests.allSatisfy { contest in
            let ours = Contestant(server: .chatd(.memory), load: .chatbench)
            return !comparison.medians(of: ours, in: contest.work).isEmpty
        }
    }

    // MARK: Markdown

    var markdown: String {
        var parts: [String] = []
        if !contests.isEmpty {
            parts.append(([Self.head, Self.rule] + contests.flatMap(rows)).joined(separator: "\n"))
        }
        if !footprints.isEmpty {
            let head = ["| beside that | measured | goal |", "|---|---:|---|"]
            parts.append((head + footprints.map(row)).joined(separator: "\n"))
        }
        parts.append(closingWords)
        if !notes.isEmpty { parts.append(notes.map { "- " + $0 }.joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }

    private static var head: String {
        "| work | server | " + Figure.allCases.map(\.title).joined(separator: " | ") + " | goal |"
    }

    private static var rule: String {
        "|---|---|" + String(repeating: "---:|", count: Figure.allCases.count) + "---|"
    }

    private func rows(_ contest: Contest) -> [String] {
        let work = contest.work
        let measured = contest.contestants.compactMap { contestant -> String? in
            let figures = comparison.medians(of: contestant, in: work)
            guard !figures.isEmpty else { return nil }
            return row(work, contestant.title, figures, goal: "") {
                Decimal.short($1 * $0.scale)
            }
        }
        let ratios = contest.pairs.compactMap { pair -> String? in
            let ratios = comparison.ratios(of: pair, in: work)
            guard !ratios.isEmpty else { return nil }
            return row(work, "**\(pair.title)**", ratios.mapValues(\.median), goal: Self.judged(pair, ratios)) {
                Decimal.short($1) + " x"
            }
        }
        return measured + ratios
    }

    private func row(
        _ work: ComparedWork, _ server: String, _ figures: Figures, goal: String, _ text: (Figure, Double) -> String
    ) -> String {
        let cells = Figure.allCases.map { figure in figures[figure].map { text(figure, $0) } ?? "-" }
        return "| \(work.title) | \(server) | \(cells.joined(separator: " | ")) | \(goal) |"
    }

    private static func judged(_ pair: Pair, _ ratios: [Figure: RatioSpread]) -> String {
        pair.goals.map { goal in
            guard let ratio = ratios[goal.figure] else { return goal.text }
            return goal.text + (goal.isMet(by: ratio.median) ? " (met)" : " (not met)")
        }.joined(separator: ", ")
    }

    private func row(_ footprint: Footprint) -> String {
        let unit = footprint.unit.rawValue
        var goal = ""
        if let limit = footprint.goal, let isMet = footprint.isMet {
            goal = "<= \(Decimal.text(limit, digits: 0)) \(unit)" + (isMet ? " (met)" : " (not met)")
        }
        return "| \(footprint.title) | \(Decimal.short(footprint.value)) \(unit) | \(goal) |"
    }

    private var closingWords: String {
        let length = Decimal.text(seconds, digits: seconds == seconds.rounded() ? 0 : 1)
        return "Medians of \(rounds) \(rounds == 1 ? "round" : "rounds") of \(length) s; a ratio is the median of the "
            + "rounds' ratios. A work's two numbers are connections x calls in flight on each."
    }

    // MARK: JSON

    /// One line.
    var json: String {
        var json = JSONWriter()
        json.object { json in
            json.key("rounds")
            json.integer(rounds)
            json.key("seconds")
            json.double(seconds)
            json.key("rows")
            json.array { list in for contest in contests { writeRows(contest, &list) } }
            json.key("ratios")
            json.array { list in for contest in contests { writeRatios(contest, &list) } }
            json.key("footprints")
            json.array { list in for footprint in footprints { Self.write(footprint, &list) } }
            json.key("notes")
            json.array { list in for note in notes { list.string(note) } }
        }
        return String(decoding: json.finish(), as: UTF8.self)
    }

    private func writeRows(_ contest: Contest, _ list: inout JSONWriter) {
        for contestant in contest.contestants {
            let figures = comparison.medians(of: contestant, in: contest.work)
            guard !figures.isEmpty else { continue }
            list.object { row in
                row.key("work")
                row.string(contest.work.rawValue)
                row.key("server")
                row.string(contestant.title)
                for figure in Figure.allCases {
                    row.key(figure.rawValue)
                    if let value = figures[figure] { row.double(value) } else { row.null() }
                }
            }
        }
    }

    private func writeRatios(_ contest: Contest, _ list: inout JSONWriter) {
        for pair in contest.pairs {
            let ratios = comparison.ratios(of: pair, in: contest.work)
            guard !ratios.isEmpty else { continue }
            list.object { row in
                row.key("work")
                row.string(contest.work.rawValue)
                row.key("ratio")
                row.string(pair.title)
                for figure in Figure.allCases {
                    guard let ratio = ratios[figure] else { continue }
                    row.key(figure.rawValue)
                    row.object { spread in
                        spread.key("median")
                        spread.double(ratio.median)
                        spread.key("least")
                        spread.double(ratio.least)
                        spread.key("most")
                        spread.double(ratio.most)
                    }
                }
                row.key("goals")
                row.array { goals in
                    for goal in pair.goals {
                        goals.object { object in
                            object.key("goal")
                            object.string(goal.text)
                            object.key("met")
                            if let ratio = ratios[goal.figure] {
                                object.bool(goal.isMet(by: ratio.median))
                            } else {
                                object.null()
                            }
                        }
                    }
                }
            }
        }
    }

    private static func write(_ footprint: Footprint, _ list: inout JSONWriter) {
        list.object { object in
            object.key("name")
            object.string(footprint.name)
            object.key("value")
            object.double(footprint.value)
            object.key("goal")
            if let goal = footprint.goal { object.double(goal) } else { object.null() }
            object.key("met")
            if let isMet = footprint.isMet { object.bool(isMet) } else { object.null() }
        }
    }
}
