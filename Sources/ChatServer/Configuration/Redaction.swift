// Makes an operator's own text fit to show: without secrets, on one line, of bounded length.

/// Removes what must not reach a log or an error text.
package enum Redaction {
    /// Stands where a secret was.
    package static let mark = "***"
    /// Characters of a value that a message repeats: enough to recognise it.
    static let shownCharactersMax = 200

    /// The text with the user information and the query values of every URL in it replaced, control characters escaped,
    /// and cut at the limit.
    package static func shown(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let scheme = rest.firstRange(of: "://") {
            result += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            if let at = endOfUserInformation(rest) {
                result += mark
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
    private static func endOfUserInformation(_ url: Substring) -> Substring.Index? {
        let whole = url.prefix { !$0.isWhitespace }
        let front = whole.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard front.contains("@") || front.contains(":") else { return nil }
        return whole.lastIndex(of: "@")
    }

    /// Replaces what follows each `=` after a `?`, since a key may be any of them, and what has no `=` altogether.
    private static func withoutQueryValues(_ text: String) -> String {
        guard let question = text.firstIndex(of: "?") else { return text }
        let pairs = text[text.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false)
        let names = pairs.map { pair -> String in
            if pair.contains("=") { return pair.prefix(while: { $0 != "=" }) + "=" + mark }
            return pair.isEmpty ? "" : mark
        }
        return text[...question] + names.joined(separator: "&")
    }

    private static func bounded(_ text: String) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == shownCharactersMax { return result + "..." }
            result += scalar.value < 0x20 || scalar.value == 0x7F ? " " : String(Character(scalar))
            count += 1
        }
        return result
    }
}
