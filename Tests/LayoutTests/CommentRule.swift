// Comments that Swift files must have: what the file is, and why an unchecked promise holds.

enum CommentRule {
    /// How far above or below `@unchecked Sendable` its reason may stand, in lines.
    private static let reasonLinesMax = 6

    static func findings(in file: LayoutFile, lines: [Substring]) -> [LayoutFinding] {
        guard file.path.hasPrefix("Sources/") || file.path.hasPrefix("Tests/") else { return [] }
        var findings: [LayoutFinding] = []
        if lines.first?.hasPrefix("//") != true {
            let message = "the first lines are a comment: what the file is, who uses it, which loop or thread"
            findings.append(LayoutFinding(path: file.path, line: 1, message: message))
        }
        guard !file.path.hasPrefix("Tests/LayoutTests/") else { return findings }
        for (index, line) in lines.enumerated() {
            guard WordRule.codePart(of: line).contains("@unchecked Sendable"), !hasReason(near: index, lines) else {
                continue
            }
            let message = "`@unchecked Sendable` needs a comment beside it that begins with \"because\""
            findings.append(LayoutFinding(path: file.path, line: index + 1, message: message))
        }
        return findings
    }

    private static func hasReason(near index: Int, _ lines: [Substring]) -> Bool {
        let window = max(0, index - reasonLinesMax)...min(lines.count - 1, index + reasonLinesMax)
        return window.contains { number in
            let code = WordRule.codePart(of: lines[number])
            let comment = lines[number].dropFirst(code.count).drop(while: { $0 == "/" || $0 == " " || $0 == "-" })
            return comment.lowercased().contains("because")
        }
    }
}
