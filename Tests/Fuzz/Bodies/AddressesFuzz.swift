// Addresses, stores and models as an operator writes them: what is read is shown so that it is read again, URLs are
// taken apart alike by all who do, and nothing shown has a secret in it.

@testable import ChatServer
@testable import HTTPClient
@testable import IOLoop
@testable import LLMProviders

enum AddressesFuzz {
    private static let secret = "5ecre7"

    static func run(_ input: UnsafeRawBufferPointer) throws {
        let text = String(decoding: input, as: UTF8.self)
        try endpoint(text)
        try store(text)
        try model(text)
        try baseURL(text)
        try redaction(text)
        try proxy(text)
    }

    private static func endpoint(_ text: String) throws {
        guard let endpoint = Endpoint(text) else { return }
        try require(Endpoint(endpoint.description) == endpoint, "read again as shown: \(endpoint)")
        switch endpoint {
        case .unix(let path): try require(isOneLine(path), "a path without control characters: \(path)")
        case .host(let host, let port):
            try require(isOneLine(host), "a host without control characters: \(host)")
            try require(text.hasSuffix(":\(port)") || text.hasSuffix("0\(port)"), "a port in digits: \(text)")
            guard ListenAddress(endpoint).isLoopback, host != "localhost" else { return }
            let address = SocketAddress(numericHost: host, port: port)
            try require(address?.isLoopback == true, "what counts as loopback is an address of it: \(host)")
        }
    }

    private static func store(_ text: String) throws {
        guard let store = StoreAddress(text) else { return }
        try require(isOneLine(store.shown), "a store is shown on one line")
        guard case .sqlite(let path) = store else { return }
        try require("sqlite:" + path == text, "the path is kept: \(path)")
        try require(isOneLine(path), "a path without control characters: \(path)")
    }

    private static func model(_ text: String) throws {
        let spec: ModelSpec
        do throws(ModelSetupError) {
            spec = try ModelSpec(text)
        } catch {
            return try require(isOneLine(error.message), "a complaint is one line: \(error.message)")
        }
        // An address is shown without its query.
        guard !spec.description.contains("?***") else { return }
        try require((try? ModelSpec(spec.description)) == spec, "read again as shown: \(spec)")
    }

    private static func baseURL(_ text: String) throws {
        guard let url = BaseURL(text) else { return }
        try require(isOneLine(url.description), "an address is shown on one line")
        guard let target = try? RequestTarget(url: url.appending("/models")) else { return }
        // curl writes an IPv4 address in any notation as four numbers, and an IPv6 address in its shortest form.
        if url.host.utf8.contains(UInt8(ascii: ":")) {
            let address = SocketAddress(numericHost: url.host, port: 0)
            return try require(
                address == nil || SocketAddress(numericHost: target.host, port: 0) == address,
                "curl connects to the address that we name: \(target.host), \(url.host)")
        }
        guard target.host.contains(where: { !$0.isNumber && $0 != "." }) else { return }
        try require(target.host == url.host, "curl connects to the host that we name: \(target.host), \(url.host)")
    }

    private static func redaction(_ text: String) throws {
        let shown = Redaction.shown(text)
        try require(isOneLine(shown), "shown on one line: \(shown)")
        try require(shown.unicodeScalars.count <= Redaction.shownCharactersMax + 3, "shown in short: \(shown)")
        guard !text.contains(secret) else { return }
        for url in [
            "redis://user:\(secret)@\(text)", "\(text)https://:\(secret)@host", "https://host/?key=\(secret)&\(text)",
        ] {
            let shown = Redaction.shown(url)
            try require(!shown.contains(secret), "the secret of \(url) is not shown: \(shown)")
        }
    }

    private static func proxy(_ text: String) throws {
        let parts = text.split(separator: "\n", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return }
        let settings = ProxySettings(variables: ["all_proxy": parts[0], "no_proxy": parts[1]])
        let direct = settings.proxy(isHTTPS: true, host: "api.example.com") == nil
        try require(!direct || !settings.exceptions.isEmpty, "only exceptions are reached directly")
        if let target = try? RequestTarget(proxy: parts[0]) {
            try require(!target.host.isEmpty, "a proxy has a host")
        }
    }
}
