// Collects lines of Swift with their indentation.

/// A Swift source file in the making.
struct CodeWriter {
    private(set) var text: String
    private var depth = 0

    /// - Parameters:
    ///   - source: the .proto file, below `proto/`.
    ///   - about: the second line: what the file is and who uses it.
    init(source: String, about: String) {
        text = """
            // Generated from proto/\(source) by proto/generate (proto/generator); never edited by hand.
            // \(about)
            // swift-format-ignore-file


            """
    }

    mutating func line(_ line: String = "") {
        text += line.isEmpty ? "\n" : String(repeating: "    ", count: depth) + line + "\n"
    }

    /// Writes `head {`, the body one step further in (the cases of a switch are not), and `}`.
    mutating func block(_ head: String, _ body: (inout CodeWriter) -> Void) {
        let step = head.hasPrefix("switch ") ? 0 : 1
        line(head + " {")
        depth += step
        body(&self)
        depth -= step
        line("}")
    }

    /// A proto comment as a documentation comment. Field names in backticks are spelt as in Swift.
    mutating func comment(_ comment: String, or fallback: String = "") {
        let lines = comment.split(separator: "\n", omittingEmptySubsequences: false).map(Self.trimmed)
        let body = Array(lines.drop { $0.isEmpty }.reversed().drop { $0.isEmpty }.reversed())
        if body.isEmpty {
            if !fallback.isEmpty { line("/// \(fallback)") }
            return
        }
        for text in body { line(text.isEmpty ? "///" : "/// \(Self.swiftNames(in: text))") }
    }

    private static func trimmed(_ line: Substring) -> String {
        var rest = line
        if rest.first == " " { rest = rest.dropFirst() }
        while rest.last == " " { rest = rest.dropLast() }
        return String(rest)
    }

    private static func swiftNames(in text: String) -> String {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().map { index, part in
            let isCode = index % 2 == 1
            return isCode && part.contains("_") ? Names.lowerCamel(String(part)) : String(part)
        }.joined(separator: "`")
    }
}
