// Lengths of files, lines and functions. Functions are found by their indentation, which the formatter guarantees.

enum SizeRule {
    /// Files whose lines have a length; data, captures and licences do not.
    private static let proseAndCode: Set<String> = [
        "swift", "c", "h", "cpp", "proto", "md", "sh", "py", "go", "yaml", "",
    ]
    private static let wideNames = ["LICENSE"]
    private static let declarations = ["func ", "init(", "init?(", "init<", "deinit", "subscript("]

    static func findings(in file: LayoutFile, lines: [Substring]) -> [LayoutFinding] {
        guard proseAndCode.contains(file.fileExtension), !wideNames.contains(file.path) else { return [] }
        var findings: [LayoutFinding] = []
        let count = lines.last?.isEmpty == true ? lines.count - 1 : lines.count
        let linesMax = file.path == "README.md" ? SizeLimits.readmeLinesMax : SizeLimits.fileLinesMax
        if count > linesMax {
            let message = "\(count) lines, at most \(linesMax): split it where one idea ends"
            findings.append(LayoutFinding(path: file.path, line: nil, message: message))
        }
        for (index, line) in lines.enumerated() where line.utf8.count > SizeLimits.lineColumnsMax {
            // An address cannot be broken.
            let columns = line.unicodeScalars.count
            guard columns > SizeLimits.lineColumnsMax, !line.contains("://") else { continue }
            let message = "\(columns) columns, at most \(SizeLimits.lineColumnsMax)"
            findings.append(LayoutFinding(path: file.path, line: index + 1, message: message))
        }
        if file.isSwift {
            findings += functionFindings(in: file, lines: lines)
        }
        return findings
    }

    private static func functionFindings(in file: LayoutFile, lines: [Substring]) -> [LayoutFinding] {
        var findings: [LayoutFinding] = []
        for (index, line) in lines.enumerated() where startsFunction(line) {
            guard let end = functionEnd(from: index, lines: lines) else { continue }
            let length = end - index + 1
            if length > SizeLimits.functionLinesMax {
                let message = "a function of \(length) lines, at most \(SizeLimits.functionLinesMax): name its parts"
                findings.append(LayoutFinding(path: file.path, line: index + 1, message: message))
            }
        }
        return findings
    }

    private static func startsFunction(_ line: Substring) -> Bool {
        let code = line.drop(while: { $0 == " " })
        guard !code.hasPrefix("//"), declarations.contains(where: { code.contains($0) }) else { return false }
        // A declaration starts with a word of its own or an attribute; a call of `.init(` or `self.init(` does not.
        let words = code.split(separator: " ", omittingEmptySubsequences: true)
        let modifiers: Set<String> = [
            "public", "package", "internal", "private", "fileprivate", "static", "final", "override", "mutating",
            "nonisolated", "isolated", "consuming", "borrowing", "convenience", "required", "class", "open",
            "nonisolated(unsafe)", "nonisolated(nonsending)",
        ]
        for word in words {
            if modifiers.contains(String(word)) || word.hasPrefix("@") { continue }
            return declarations.contains { (String(word) + " ").hasPrefix($0) }
        }
        return false
    }

    /// The line of the closing brace, or nil where the declaration has no body or it ends on its own line.
    private static func functionEnd(from start: Int, lines: [Substring]) -> Int? {
        let indent = lines[start].prefix(while: { $0 == " " }).count
        if lines[start].hasSuffix("}") { return nil }
        var bodyOpened = lines[start].hasSuffix("{")
        for index in (start + 1)..<lines.count {
            let line = lines[index]
            let lineIndent = line.prefix(while: { $0 == " " }).count
            let code = line.dropFirst(lineIndent)
            if code.isEmpty || lineIndent > indent { continue }
            if lineIndent < indent { return nil }
            if code.hasPrefix("}") { return bodyOpened ? index : nil }
            if code.hasPrefix("#") { continue }
            if code.hasPrefix(")") || code.hasPrefix("{") || code.hasPrefix("where") || code.hasPrefix("->") {
                bodyOpened = bodyOpened || code.hasSuffix("{")
                continue
            }
            if !bodyOpened { return nil }
        }
        return nil
    }
}
