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

    /// Words of questions that ask to compute.
    private static let computingWords = [
        "계산", "얼마", "더하", "빼면", "곱하", "나누", "calculate", "compute", "evaluate", "how much is", "=",
    ]

    private static let symbols = Set<Unicode.Scalar>("+-*/%^()×÷·−–".unicodeScalars)

    private let scalars: [Unicode.Scalar]
    private let question: String

    /// - Parameter question: in lower case.
    init(question: String) {
        self.question = question
        scalars = Array(question.unicodeScalars.prefix(Self.scalarsMax))
    }

    private struct Candidate {
        var text = ""
        var end: Int
        var hasName = false
    }

    /// The first expression, with symbols for names; nil when there is none.
    func find() -> String? {
        var start = 0
        while start < scalars.count {
            guard Self.beginsExpression(scalars[start]), !isInsideWord(start) else {
                start += 1
                continue
            }
            let candidate = candidate(from: start)
            if let expression = trimmed(candidate.text), counts(expression, candidate, start: start) {
                return expression
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

    private func counts(_ expression: String, _ candidate: Candidate, start: Int) -> Bool {
        if candidate.hasName || !Self.looksLikeDate(expression) { return true }
        return Self.computingWords.contains { question.contains($0) } || isWholeQuestion(candidate, start: start)
    }

    /// Only "-" or "/" between digits, and no spaces.
    private static func looksLikeDate(_ expression: String) -> Bool {
        let others = Set(expression.unicodeScalars.filter { !isDigit($0) })
        return others.count == 1 && (others == ["-"] || others == ["/"] || others == ["–"])
    }

    /// Nothing stands before the expression but "what is", and nothing after it but a particle and punctuation.
    private func isWholeQuestion(_ candidate: Candidate, start: Int) -> Bool {
        let before = Self.text(scalars[..<start])
        let after = Self.text(scalars[candidate.end...])
        return ["", "what is", "what's"].contains(before) && ["", "?", "은?", "는?", "은", "는"].contains(after)
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView(scalars)
        while view.first?.properties.isWhitespace == true { view.removeFirst() }
        while view.last?.properties.isWhitespace == true { view.removeLast() }
        return String(view)
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
