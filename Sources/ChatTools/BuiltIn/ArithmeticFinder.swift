// Finds an arithmetic expression in a question, for the router. Pure.
//
// What counts: numbers joined by operators, or by their names in Korean and English ("3 더하기 4", "6 times 7").
// Dates, telephone numbers and ratios ("2026-11-22", "010-1234-5678", "24/7") look like subtractions and divisions, so
// an expression that has only "-" or "/" and no space counts only where the question asks to compute.

/// Looks for the first expression in a question.
struct ArithmeticFinder {
    /// Only the beginning of a question is looked at: expressions stand in short ones.
    static let scalarsMax = 2_000

    /// Operators by name. Longer names come before those that they begin with.
    private static let operatorNames: [(name: [Unicode.Scalar], symbol: String)] = [
        ("더하기", "+"), ("빼기", "-"), ("곱하기", "*"), ("나누기", "/"), ("plus", "+"), ("minus", "-"),
        ("multiplied by", "*"), ("times", "*"), ("divided by", "/"),
    ].map { (Array($0.0.unicodeScalars), $0.1) }

    /// Words of questions that ask to compute, compared without spaces.
    private static let computingWords = PhraseFinder([
        "계산", "얼마", "더하", "빼면", "곱하", "나누", "calculate", "compute", "evaluate", "howmuchis", "=",
    ])
    /// What may stand before and after an expression that is the whole question.
    private static let introductions = ["", "what is", "what's"].map { Array($0.unicodeScalars) }
    private static let endings = ["", "?", "은?", "는?", "은", "는"].map { Array($0.unicodeScalars) }

    private static let symbols = Set<Unicode.Scalar>("+-*/%^()×÷·−–".unicodeScalars)

    private let scalars: [Unicode.Scalar]
    /// Where the question is, without the white space around it.
    private let content: Range<Int>
    private let question: String

    /// - Parameter question: in lower case.
    init(question: String) {
        self.question = question
        scalars = Array(question.unicodeScalars.prefix(Self.scalarsMax))
        let first = scalars.firstIndex { !$0.properties.isWhitespace } ?? 0
        let last = scalars.lastIndex { !$0.properties.isWhitespace } ?? -1
        content = first..<max(first, last + 1)
    }

    private struct Candidate {
        var text = ""
        var end: Int
        var hasName = false
    }

    /// The first expression, with symbols for names; nil when there is none.
    func find() -> String? {
        var start = 0
        // Found out once, however many dates the question has.
        var asksToCompute: Bool?
        while start < scalars.count {
            guard Self.beginsExpression(scalars[start]), !isInsideWord(start) else {
                start += 1
                continue
            }
            let candidate = candidate(from: start)
            if let expression = trimmed(candidate.text) {
                if candidate.hasName || !Self.looksLikeDate(expression) || isWholeQuestion(candidate, start: start) {
                    return expression
                }
                let asks = asksToCompute ?? Self.computingWords.isFound(in: QuestionBytes.compact(question))
                asksToCompute = asks
                if asks { return expression }
            }
            start = max(candidate.end, start + 1)
        }
        return nil
    }

    /// The longest run of numbers, symbols, spaces and names of operators.
    private func candidate(from start: Int) -> Candidate {
        var candidate = Candidate(end: start)
        while candidate.end < scalars.count {
            let scalar = scalars[candidate.end]
            if Self.isDigit(scalar) || Self.symbols.contains(scalar) || scalar == "." || scalar == ","
                || scalar.properties.isWhitespace
            {
                candidate.text.unicodeScalars.append(scalar)
                candidate.end += 1
            } else if let (name, symbol) = operatorName(at: candidate.end) {
                candidate.text += symbol
                candidate.end += name.count
                candidate.hasName = true
            } else {
                break
            }
        }
        return candidate
    }

    private func operatorName(at index: Int) -> (name: [Unicode.Scalar], symbol: String)? {
        Self.operatorNames.first { scalars[index...].starts(with: $0.name) }
    }

    /// The text without what follows the expression in a sentence: spaces, full stops, a closing parenthesis.
    private func trimmed(_ text: String) -> String? {
        var text = Substring(text)
        // A sentence's end has a few of them; more is no sentence.
        for _ in 0..<8 {
            while let last = text.unicodeScalars.last, !Self.endsExpression(last) { text.unicodeScalars.removeLast() }
            if text.isEmpty { return nil }
            if Arithmetic.isExpression(String(text)) { return String(text) }
            text.unicodeScalars.removeLast()
        }
        return nil
    }

    /// Only "-" or "/" between digits, and no spaces.
    private static func looksLikeDate(_ expression: String) -> Bool {
        let others = Set(expression.unicodeScalars.filter { !isDigit($0) })
        return others.count == 1 && (others == ["-"] || others == ["/"] || others == ["–"])
    }

    /// Nothing stands before the expression but "what is", and nothing after it but a particle and punctuation.
    private func isWholeQuestion(_ candidate: Candidate, start: Int) -> Bool {
        var before = scalars[min(content.lowerBound, start)..<start]
        while before.last?.properties.isWhitespace == true { before.removeLast() }
        var after = scalars[candidate.end..<max(content.upperBound, candidate.end)]
        while after.first?.properties.isWhitespace == true { after.removeFirst() }
        return Self.introductions.contains { before.elementsEqual($0) }
            && Self.endings.contains { after.elementsEqual($0) }
    }

    /// A digit inside a word ("gpt4", "v1.2") begins no expression.
    private func isInsideWord(_ index: Int) -> Bool {
        guard index > 0 else { return false }
        let before = scalars[index - 1]
        return before.isASCII && (before.properties.isAlphabetic || before == "_" || before == "#")
    }

    private static func beginsExpression(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || scalar == "(" || scalar == "-" || scalar == "−"
    }

    private static func endsExpression(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || scalar == ")" || scalar == "%"
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }
}
