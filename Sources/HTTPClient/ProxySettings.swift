// Which proxy a request goes through, by the variables that every HTTP program knows. Pure; the process's variables are
// read by the program's configuration and passed in.

/// The proxies of a process: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`.
package struct ProxySettings: Sendable, Equatable {
    /// The proxy for `http` URLs. A URL; without a scheme an HTTP proxy.
    package var http: String?
    /// The proxy for `https` URLs.
    package var https: String?
    /// Hosts that are reached directly: names, which cover their subdomains, addresses, IPv4 networks as `10.0.0.0/8`,
    /// or `*`.
    package var exceptions: [String]

    /// No proxy.
    package init() {
        exceptions = []
    }

    /// Reads the usual variables. `HTTP_PROXY` in capitals is left out, as curl does: a CGI server would set it from a
    /// request's header.
    package init(variables: [String: String]) {
        func first(_ names: String...) -> String? {
            names.lazy.compactMap { variables[$0] }.first { !$0.isEmpty }
        }
        http = first("http_proxy", "all_proxy", "ALL_PROXY")
        https = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        exceptions = (first("no_proxy", "NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    /// The proxy for a host, or nil to go there directly.
    ///
    /// - Parameter host: in small letters, an IPv6 address without brackets.
    func proxy(isHTTPS: Bool, host: String) -> String? {
        guard let proxy = isHTTPS ? https : http else { return nil }
        return exceptions.contains { Self.covers($0, host) } ? nil : proxy
    }

    private static func covers(_ exception: String, _ host: String) -> Bool {
        if exception == "*" { return true }
        if let slash = exception.firstIndex(of: "/") {
            guard let network = ipv4(exception[..<slash]), let address = ipv4(host[...]),
                let bits = UInt32(exception[exception.index(after: slash)...]), bits <= 32
            else { return false }
            let mask = bits == 0 ? 0 : UInt32.max << (32 - bits)
            return network & mask == address & mask
        }
        var name = exception[...]
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        if name.hasPrefix(".") { name = name.dropFirst() }
        guard !name.isEmpty else { return false }
        return host == name || (host.hasSuffix(name) && host.dropLast(name.count).hasSuffix("."))
    }

    private static func ipv4(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(UInt32?(0)) { sum, part in
            guard let sum, let part else { return nil }
            return sum << 8 | UInt32(part)
        }
    }
}
