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

    /// Narrow enough for a page of 120 columns: a row a pair. The JSON has the figures that find no place here.
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

    private static let ratioFigures: [Figure] = [.callsPerSecond, .p50Microseconds, .serverCPUMicrosecondsPerCall]
    private static let head =
        "| work | `chatd`: calls/s, p50, p99, CPU | beside it: calls/s, p50, CPU | calls x | p50 x | CPU x |"
    private static let rule = "|---|---|---|---:|---:|---:|"

    private func rows(_ contest: Contest) -> [String] {
        let alone = contest.contestants.filter { contestant in
            !contest.pairs.contains { $0.ours == contestant || $0.theirs == contestant }
        }
        return alone.compactMap { row($0, beside: nil, in: contest.work) }
            + contest.pairs.compactMap { row($0.ours, beside: $0, in: contest.work) }
    }

    /// Nil where it was not measured.
    private func row(_ contestant: Contestant, beside pair: Pair?, in work: ComparedWork) -> String? {
        let own = comparison.medians(of: contestant, in: work)
        let other = pair.map { comparison.medians(of: $0.theirs, in: work) } ?? [:]
        guard !own.isEmpty else { return nil }
        let ratios = pair.map { comparison.ratios(of: $0, in: work) } ?? [:]
        let cells = Self.ratioFigures.map { figure in
            guard let ratio = ratios[figure] else { return "-" }
            // Tokens follow calls: an answer has the same number in every call.
            let goal = pair?.goals.first { $0.figure == figure || ($0.figure.isRate && figure.isRate) }
            return Decimal.brief(ratio.median) + (goal.map { " (\($0.boundText))" } ?? "")
        }
        let ours = Self.cell(contestant.shortTitle, own, [.p50Microseconds, .p99Microseconds])
        let theirs = pair.map { Self.cell($0.theirs.shortTitle, other, [.p50Microseconds]) } ?? "-"
        return "| \(work.title) | \(ours) | \(theirs) | \(cells.joined(separator: " | ")) |"
    }

    private static func cell(_ title: String, _ figures: Figures, _ latencies: [Figure]) -> String {
        guard let calls = figures[.callsPerSecond] else { return "\(title) -" }
        let times = (latencies + [.serverCPUMicrosecondsPerCall]).map { figure in
            figures[figure].map(Decimal.time) ?? "-"
        }
        return "\(title) \(Decimal.compact(calls)), \(times.joined(separator: ", "))"
    }

    private func row(_ footprint: Footprint) -> String {
        let unit = footprint.unit.rawValue
        let goal = footprint.goal.map { "<= \(Decimal.text($0, digits: 0)) \(unit)" } ?? ""
        return "| \(footprint.title) | \(Decimal.short(footprint.value)) \(unit) | \(goal) |"
    }

    private var closingWords: String {
        let length = Decimal.text(seconds, digits: seconds == seconds.rounded() ? 0 : 1)
        return """
            Medians of \(rounds) \(rounds == 1 ? "round" : "rounds") of \(length) s. A ratio is `chatd`'s figure by \
            the peer's, the median of the rounds' ratios, with its goal
            in brackets. Works are connections x calls in flight on each; an echo has 128 bytes, a turn \
            \(ComparedWork.tokens) tokens, whole or
            streamed. CPU is the server's, per call. FastAPI is the service with FastAPI, LangChain and Redis that \
            this replaces; scripts is redis-benchmark with those of `chatd`'s locks, Python is python-redis-lock.
            """
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
