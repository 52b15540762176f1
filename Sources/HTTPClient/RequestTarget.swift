// Where a request goes: its URL, and the proxy's, taken apart by curl's own parser, so that what is looked up is what
// is connected to.

internal import CCurl
internal import IOLoop

/// The part of a URL that decides about the connection.
struct RequestTarget: Equatable {
    let scheme: String
    /// In small letters, an IPv6 address without brackets.
    let host: String
    let port: UInt16

    /// A host in digits needs no look-up.
    var isNumeric: Bool { SocketAddress(numericHost: host, port: port) != nil }
    var endpoint: Endpoint { .host(host, port: port) }
    /// For messages: the URL without user information, path and query.
    var text: String { endpoint.description }

    /// Takes a request's URL apart.
    init(url: String) throws(HTTPError) {
        try self.init(url, flags: 0, what: "the URL")
        guard scheme == "http" || scheme == "https" else {
            throw HTTPError(.invalidURL, "the URL must begin with http:// or https://")
        }
    }

    /// Takes a proxy's URL apart; without a scheme it is an HTTP proxy, without a port it listens on 1080 as curl has
    /// it.
    init(proxy: String) throws(HTTPError) {
        let hasScheme = proxy.split(separator: "/").first?.hasSuffix(":") == true
        try self.init(
            hasScheme ? proxy : "http://\(proxy)", flags: UInt32(CURLU_NON_SUPPORT_SCHEME), what: "the proxy's URL",
            portWithout: 1080)
        guard ["http", "https", "socks4", "socks4a", "socks5", "socks5h"].contains(scheme) else {
            throw HTTPError(.invalidURL, "the proxy's URL must begin with http://, https:// or socks5h://")
        }
    }

    private init(_ url: String, flags: UInt32, what: String, portWithout: UInt16? = nil) throws(HTTPError) {
        guard url.utf8.count <= HTTPClientLimits.urlBytesMax else {
            throw HTTPError(.tooLarge, "\(what) is longer than \(HTTPClientLimits.urlBytesMax) bytes")
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HTTPError(
                .invalidURL, "\(what) holds a character that must be percent-encoded (or punycode in a host)")
        }
        guard let parts = curl_url() else { throw HTTPError(.invalidURL, "\(what) could not be read: no memory") }
        defer { curl_url_cleanup(parts) }
        let code = curl_url_set(parts, CURLUPART_URL, url, flags)
        guard code == CURLUE_OK, let scheme = Self.part(CURLUPART_SCHEME, of: parts),
            var host = Self.part(CURLUPART_HOST, of: parts), !host.isEmpty
        else {
            throw HTTPError(.invalidURL, "\(what) is not valid: \(String(cString: curl_url_strerror(code)))")
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        // curl has decoded escapes: what they stood for was not looked at above.
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HTTPError(.invalidURL, "\(what) has a host with escapes; write its name as it is, or in punycode")
        }
        self.scheme = scheme.lowercased()
        self.host = host.lowercased()
        let given = Self.part(CURLUPART_PORT, of: parts).flatMap { UInt16($0) }
        port = given ?? (self.scheme == "https" ? 443 : portWithout ?? 80)
    }

    private static func part(_ part: CURLUPart, of parts: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parts, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
