// A provider's own words, made fit for an error that callers and logs see: one line, short, and without keys. Pure.

/// Cleans what a provider says about a failure.
struct ProviderMessage: Sendable {
    /// Enough for a provider's explanation; not enough for a page of HTML or a quoted prompt.
    static let charactersMax = 300
    /// A word of this many letters and digits is a key or a token as likely as anything.
    private static let secretLengthMin = 32
    /// How the keys of well-known providers begin.
    private static let keyPrefixes = ["sk-", "pk-", "gsk_", "xai-", "AIza", "hf_", "nvapi-", "sess-", "eyJ"]
    private static let replacement = "[removed]"

    /// The key in use; empty for none.
    let key: String

    /// `text` on one line, without anything that looks like a key, cut at `charactersMax`.
    func clean(_ text: String) -> String {
        // The cut of the input is only there to bound the work.
        var rest = text.prefix(8 * Self.charactersMax)
        var result = ""
        var followsBearer = false
        while let first = rest.first, result.count <= Self.charactersMax {
            if Self.isWordCharacter(first) {
                let word = rest.prefix(while: Self.isWordCharacter)
                rest = rest.dropFirst(word.count)
                result += followsBearer || looksSecret(word) ? Self.replacement : String(word)
                followsBearer = word.lowercased() == "bearer"
            } else {
                rest.removeFirst()
                let isSpace =
                    first.isWhitespace || first.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
                if !isSpace {
                    result.append(first)
                } else if result.last != " ", !result.isEmpty {
                    result.append(" ")
                }
            }
        }
        while result.last == " " { result.removeLast() }
        return result.count > Self.charactersMax ? result.prefix(Self.charactersMax - 1) + "…" : result
    }

    private static func isWordCharacter(_ character: Character) -> Bool {
        guard character.isASCII else { return false }
        return character.isLetter || character.isNumber || "_-*+/=.".contains(character)
    }

    private func looksSecret(_ word: Substring) -> Bool {
        // Providers quote wrong keys with stars in the middle, which leaves both ends to be read.
        if word.contains("***") { return true }
        if word.count >= 8, Self.keyPrefixes.contains(where: { word.hasPrefix($0) }) { return true }
        if key.count >= 4, word.contains(key) || (word.count >= 6 && key.contains(word)) { return true }
        return word.count >= Self.secretLengthMin && !word.contains("/") && word.contains(where: \.isNumber)
            && word.contains(where: \.isLetter)
    }
}
