// The table of steps at the top of the architecture page, read as data. ArchitecturePageTests holds it to the code.

/// One row: a step of a request, and the function that takes it.
struct RequestStep: Equatable {
    var number: Int
    var step: String
    /// Under Sources/.
    var path: String
    /// A function's name, or a type's where it begins with a capital letter.
    var function: String
}

enum ArchitecturePage {
    static let path = "Sources/ChatServer/Documentation.docc/Architecture.md"

    /// The rows of the first table, which is the first thing after the title and its sentences.
    static func steps(in text: String) -> [RequestStep] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let table = lines.drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        return table.compactMap { line in
            let cells = line.split(separator: "|").map { cell in
                String(cell.drop { " `".contains($0) }.reversed().drop { " `".contains($0) }.reversed())
            }
            // The head and the rule under it have no number.
            guard cells.count == 4, let number = Int(cells[0]) else { return nil }
            return RequestStep(number: number, step: cells[1], path: cells[2], function: cells[3])
        }
    }

    /// What is wrong with the table, one sentence each.
    ///
    /// - Parameter source: the text of a file under Sources/, nil where there is none.
    static func findings(in steps: [RequestStep], source: (String) -> String?) -> [String] {
        var findings: [String] = []
        for (index, step) in steps.enumerated() {
            if step.number != index + 1 { findings.append("step \(step.number) stands where \(index + 1) should") }
            guard let text = source(step.path) else {
                findings.append("step \(step.number): there is no file \(step.path)")
                continue
            }
            if !declares(step.function, in: text) {
                findings.append("step \(step.number): \(step.path) does not declare \(step.function)")
            }
        }
        return findings
    }

    /// True where the code, comments left out, declares a function or a type of that name.
    static func declares(_ name: String, in text: String) -> Bool {
        let isType = name.first?.isUppercase ?? false
        let keywords = isType ? ["struct ", "class ", "actor ", "enum ", "protocol "] : ["func "]
        return text.split(separator: "\n").contains { line in
            let code = WordRule.codePart(of: line)
            return keywords.contains { keyword in
                guard let range = code.firstRange(of: keyword + name) else { return false }
                guard let next = code[range.upperBound...].first else { return isType }
                return !next.isLetter && !next.isNumber && next != "_"
            }
        }
    }
}
