// Makes an operator's own text fit to show: without secrets, on one line, of bounded length.

/// Removes what must not reach a log or an error text.
package enum Redaction {
    /// Stands where a secret was.
    package static let mark = "***"
    /// Characters of a value that a message repeats: enough to recognise it.
    static let shownCharactersMax = 200

    /// The text with the user information and the query values of every URL in it replaced, control characters escaped,
    /// and cut at the limit.
    ///
    /// Goes by scalars, as every reader of a URL does: a mark that joins the `@` before it makes another Character of
    /// it.
    package static func shown(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var rest = Substring(text).unicodeScalars
        while let scheme = rest.firstRange(of: "://".unicodeScalars) {
            result += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            if let at = endOfUserInformation(rest) {
                result += mark.unicodeScalars
                rest = rest[at...]
            }
        }
        return bounded(withoutQueryValues(result + rest))
    }

    /// The `@` before the host of a URL whose scheme was taken off; nil where it names no user.
    ///
    /// A password may hold a slash or a question mark that somebody forgot to escape. So where the part before the
    /// first of them has a user or a colon, all up to the last `@` is taken for a secret: rather too much than too
    /// little.
    private static func endOfUserInformation(_ url: Substring.UnicodeScalarView) -> String.Index? {
        let whole = url.prefix { !$0.properties.isWhitespace }
        let front = whole.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard front.contains("@") || front.contains(":") else { return nil }
        return whole.lastIndex(of: "@")
    }

    /// Replaces what follows each `=` after a `?`, since a key may be any of them, and what has no `=` altogether.
    private static func withoutQueryValues(_ text: String.UnicodeScalarView) -> String.UnicodeScalarView {
        guard let question = text.firstIndex(of: "?") else { return text }
        var result = String.UnicodeScalarView(text[...question])
        let pairs = text[text.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false)
        for (index, pair) in pairs.enumerated() {
            if index > 0 { result.append("&") }
            if pair.contains("=") {
                result += pair.prefix { $0 != "=" }
                result.append("=")
            }
            if !pair.isEmpty { result += mark.unicodeScalars }
        }
        return result
    }

    private static func bounded(_ text: String.UnicodeScalarView) -> String {
        var result = String.UnicodeScalarView()
        for (index, scalar) in text.enumerated() {
            if index == shownCharactersMax { return String(result) + "..." }
            result.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return String(result)
    }
}
