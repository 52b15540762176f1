// Where Redis is, as an operator writes it: a URL. Pure.

package import IOLoop

/// A Redis to connect to: one server, or a master that sentinels name.
package struct RedisAddress: Sendable, Equatable {
    package enum Place: Sendable, Equatable {
        case server(Endpoint)
        /// Sentinels, in the order in which they are asked, and the name that they know the master by.
        case sentinels([Endpoint], master: String)
    }

    package var place: Place
    /// Speaks TLS to Redis, and to the sentinels too.
    package var usesTLS = false
    /// Nil for Redis's default user.
    package var user: String?
    /// Never shown.
    package var password: String?
    package var database = 0

    /// A URL that names no Redis, with words that repeat nothing of it.
    package struct Malformed: Error, Equatable {
        package let words: String
    }

    package static let schemes = [
        "redis://", "rediss://", "redis+unix://", "redis+sentinel://", "rediss+sentinel://",
    ]

    private static let defaultPort: UInt16 = 6379
    private static let defaultSentinelPort: UInt16 = 26379

    /// Reads `redis://[user[:password]@]host[:port][/database]`, the same with `rediss` for TLS,
    /// `redis+unix://[user[:password]@]/path[?db=database]`, and
    /// `redis+sentinel://[user[:password]@]host[:port][,host[:port]...]/master[/database]`. User and password may be
    /// percent-encoded. As redis-py does, `redis://:password@` names no user.
    package init(_ url: String) throws(Malformed) {
        guard let scheme = Self.schemes.first(where: { url.hasPrefix($0) }) else {
            throw Malformed(words: "is no Redis URL: it begins with \(Self.schemes.joined(separator: ", "))")
        }
        usesTLS = scheme.hasPrefix("rediss")
        place = .sentinels([], master: "")
        var rest = url.dropFirst(scheme.count)
        // The password may hold an @ that somebody forgot to escape; a host never does.
        if let at = rest.lastIndex(of: "@") {
            try readUser(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        if scheme == "redis+unix://" {
            try readUnixPath(rest)
        } else {
            let parts = rest.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
            if scheme.hasSuffix("+sentinel://") {
                try readSentinels(parts)
            } else {
                guard parts.count <= 2 else { throw Malformed(words: "has more behind the database's number") }
                place = .server(try Self.endpoint(parts[0], port: Self.defaultPort))
                if parts.count == 2 { database = try Self.database(parts[1]) }
            }
        }
    }

    private mutating func readUser(_ text: Substring) throws(Malformed) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let words = "has a user or a password whose % does not begin an escape such as %40"
        guard let name = Self.unescaped(parts[0]) else { throw Malformed(words: words) }
        user = name.isEmpty ? nil : name
        guard parts.count == 2 else { return }
        guard let secret = Self.unescaped(parts[1]) else { throw Malformed(words: words) }
        password = secret
    }

    private mutating func readUnixPath(_ text: Substring) throws(Malformed) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0].hasPrefix("/"), let endpoint = Endpoint("unix:\(parts[0])") else {
            throw Malformed(words: "names no socket: write redis+unix:///path/of/redis.sock")
        }
        place = .server(endpoint)
        guard parts.count == 2 else { return }
        guard parts[1].hasPrefix("db=") else { throw Malformed(words: "has an option that is not known; only db=N is") }
        database = try Self.database(parts[1].dropFirst(3))
    }

    private mutating func readSentinels(_ parts: [Substring]) throws(Malformed) {
        guard parts.count >= 2, !parts[1].isEmpty else {
            throw Malformed(words: "names no master: write redis+sentinel://host:26379/mymaster/0")
        }
        var endpoints: [Endpoint] = []
        for host in parts[0].split(separator: ",", omittingEmptySubsequences: false) {
            endpoints.append(try Self.endpoint(host, port: Self.defaultSentinelPort))
        }
        guard endpoints.count <= RedisLimits.addressesMax else {
            throw Malformed(words: "names more than \(RedisLimits.addressesMax) sentinels")
        }
        place = .sentinels(endpoints, master: String(parts[1]))
        if parts.count == 3 { database = try Self.database(parts[2]) }
    }

    private static func endpoint(_ text: Substring, port: UInt16) throws(Malformed) -> Endpoint {
        let hasPort = text.last == "]" ? false : text.contains(":")
        guard !text.isEmpty, let endpoint = Endpoint(hasPort ? String(text) : "\(text):\(port)") else {
            throw Malformed(words: "has a host that is not HOST, HOST:PORT or [IPv6]:PORT")
        }
        return endpoint
    }

    private static func database(_ text: Substring) throws(Malformed) -> Int {
        if text.isEmpty { return 0 }
        guard let number = Int(text), (0...65_535).contains(number) else {
            throw Malformed(words: "has a database that is no number from 0")
        }
        return number
    }

    /// Nil where a % is not followed by two hexadecimal digits, or the bytes are no UTF-8.
    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
