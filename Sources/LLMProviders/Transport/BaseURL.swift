// The address of a provider as an operator writes it. Pure.

/// An http or https address that paths are appended to, such as `https://api.openai.com/v1`.
package struct BaseURL: Sendable, Hashable, CustomStringConvertible {
    /// Longer ones are a mistake.
    package static let bytesMax = 2048

    private let beforeQuery: String
    /// From its question mark on; empty without one. Azure's older addresses carry their version there.
    private let query: String
    /// Name or address, in lower case, without port and brackets.
    package let host: String

    /// Nil unless `text` is an absolute http(s) address without user, password, fragment, spaces, controls
    /// and escapes in the host.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        guard !text.contains("#"), !text.contains("\"") else { return nil }
        let lower = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lower.hasPrefix($0) }) else { return nil }
        let questionMark = text.firstIndex(of: "?") ?? text.endIndex
        query = String(text[questionMark...])
        var front = text[..<questionMark]
        let authority = front.dropFirst(scheme.count).prefix { $0 != "/" }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close].lowercased()
            guard Self.isPort(authority[authority.index(after: close)...]) else { return nil }
        } else {
            let name = authority.prefix { $0 != ":" }
            host = name.lowercased()
            guard Self.isPort(authority[name.endIndex...]) else { return nil }
        }
        // curl would decode an escape, and connect to another host than the one that was looked at.
        guard !host.isEmpty, !host.contains("%") else { return nil }
        while front.last == "/" { front.removeLast() }
        beforeQuery = String(front)
    }

    private static func isPort(_ text: Substring) -> Bool {
        if text.isEmpty { return true }
        guard text.first == ":", text.count > 1, text.count <= 6 else { return false }
        guard text.dropFirst().allSatisfy(\.isNumber), let port = Int(text.dropFirst()) else { return false }
        return (1...65535).contains(port)
    }

    /// The address of `path`, which begins with a slash.
    func appending(_ path: String) -> String { beforeQuery + path + query }

    /// For people: the query, which may hold a key, is replaced.
    package var shown: String { query.isEmpty ? beforeQuery : beforeQuery + "?***" }

    /// As `shown`, so that an address in a text never brings its query along.
    package var description: String { shown }
}
