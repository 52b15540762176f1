// A Markdown file has one title, and it is the first thing in it.

enum TitleRule {
    static func findings(in file: LayoutFile, lines: [Substring]) -> [LayoutFinding] {
        var titles: [Int] = []
        var inCode = false
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("```") { inCode.toggle() }
            if !inCode && line.hasPrefix("# ") { titles.append(index + 1) }
        }
        if titles.isEmpty {
            return [LayoutFinding(path: file.path, line: nil, message: "no title: begin with one `# Title`")]
        }
        return titles.dropFirst().map {
            LayoutFinding(path: file.path, line: $0, message: "a second title: use `##`")
        }
    }
}
