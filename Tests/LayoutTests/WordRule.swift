// Finds banned words. A word counts where no letter, digit or underscore touches its ends: `addTask {` is not `Task {`.

enum WordRule {
    /// This folder names the words, and may.
    private static let exempt = ["Tests/LayoutTests/", "LICENSE"]

    static func findings(in file: LayoutFile, lines: [Substring]) -> [LayoutFinding] {
        guard !file.isUnder(exempt) else { return [] }
        // Most files hold none of the words: look through the whole text first, then for the line.
        let lowercased = file.text.lowercased()
        let suspects = (WordTable.code + WordTable.text).filter { word in
            applies(word, to: file) && lowercased.contains(word.word.lowercased())
        }
        guard !suspects.isEmpty else { return [] }
        var findings: [LayoutFinding] = []
        for (index, line) in lines.enumerated() {
            for word in suspects where holds(line, word) {
                let message = "`\(word.word)` is not used here: \(word.instead)"
                findings.append(LayoutFinding(path: file.path, line: index + 1, message: message))
            }
        }
        return findings
    }

    private static func applies(_ word: BannedWord, to file: LayoutFile) -> Bool {
        if word.allowed[file.path] != nil { return false }
        let inSources = file.isSwift && file.path.hasPrefix("Sources/")
        let inLibraries = inSources && !file.isUnder(WordTable.programs) && !file.isUnder(WordTable.testSupport)
        return switch word.scope {
        case .sources: inSources
        case .libraries: inLibraries
        case .callPath: inLibraries && !file.path.hasPrefix("Sources/IOLoop/")
        case .everywhere: true
        }
    }

    private static func holds(_ line: Substring, _ word: BannedWord) -> Bool {
        var text = word.scope == .everywhere ? String(line) : String(codePart(of: line))
        var needle = word.word
        if word.ignoresCase {
            text = text.lowercased()
            needle = needle.lowercased()
        }
        var rest = text[...]
        while let range = rest.firstRange(of: needle) {
            let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : " "
            let after = range.upperBound < text.endIndex ? text[range.upperBound] : " "
            let startsWord = !isWordCharacter(needle.first ?? " ") || !isWordCharacter(before)
            let endsWord = !isWordCharacter(needle.last ?? " ") || !isWordCharacter(after)
            if startsWord && endsWord { return true }
            rest = text[range.upperBound...]
        }
        return false
    }

    private static func isWordCharacter(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    /// The line without a comment that begins with `//` outside a string literal.
    static func codePart(of line: Substring) -> Substring {
        var inString = false
        var escaped = false
        var slashes = 0
        for (offset, byte) in line.utf8.enumerated() {
            if escaped {
                escaped = false
            } else if byte == UInt8(ascii: "\\") {
                escaped = inString
            } else if byte == UInt8(ascii: "\"") {
                inString.toggle()
            } else if byte == UInt8(ascii: "/") && !inString {
                slashes += 1
                if slashes == 2 { return line[..<line.utf8.index(line.startIndex, offsetBy: offset - 1)] }
                continue
            }
            slashes = 0
        }
        return line
    }
}
