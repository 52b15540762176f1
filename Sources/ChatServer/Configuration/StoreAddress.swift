// Where sessions and locks are kept, as an operator writes it.

internal import RedisStore

/// A store: `memory:`, `sqlite:PATH` or a Redis URL.
package enum StoreAddress: Sendable, Equatable {
    /// In the process; gone when it ends.
    case memory
    /// A file.
    case sqlite(path: String)
    /// A Redis server's URL, which may hold a password: show it by `Redaction.shown` only.
    case redis(url: String)

    /// Nil when `text` names none. Control characters are in none: SQLite would see only what stands before a U+0000.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        if text == "memory:" || text == "memory" {
            self = .memory
        } else if text.hasPrefix("sqlite:"), text.utf8.count > "sqlite:".utf8.count {
            self = .sqlite(path: String(text.dropFirst("sqlite:".count)))
        } else if Self.isRedis(text), (try? RedisAddress(text)) != nil {
            self = .redis(url: text)
        } else {
            return nil
        }
    }

    static func isRedis(_ text: String) -> Bool { RedisAddress.schemes.contains { text.hasPrefix($0) } }

    /// Fit for logs: a URL without its password.
    package var shown: String {
        switch self {
        case .memory: "memory:"
        case .sqlite(let path): Redaction.shown("sqlite:" + path)
        case .redis(let url): Redaction.shown(url)
        }
    }
}
