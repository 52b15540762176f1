// Proxies by the usual variables: which one a host gets, and requests that go through one.

import FakeModel
import IOLoop
import Testing

@testable import HTTPClient

@Suite("Proxies", .timeLimit(.minutes(1)))
struct ProxySettingsTests {
    @Test("variables are read as curl reads them")
    func variables() {
        #expect(ProxySettings(variables: [:]) == ProxySettings())
        let both = ProxySettings(variables: ["http_proxy": "a:1", "HTTPS_PROXY": "b:2", "no_proxy": "x, .Y z"])
        #expect(both.http == "a:1")
        #expect(both.https == "b:2")
        #expect(both.exceptions == ["x", ".y", "z"])
        // Set by a CGI server from a request's header, so never believed.
        #expect(ProxySettings(variables: ["HTTP_PROXY": "evil:1"]).http == nil)
        let all = ProxySettings(variables: ["ALL_PROXY": "socks5h://c:3", "https_proxy": "d:4"])
        #expect(all.http == "socks5h://c:3")
        #expect(all.https == "d:4")
    }

    @Test(
        "exceptions cover names, subdomains, addresses and networks",
        arguments: [
            ("example.com", "example.com", true), ("example.com", "a.example.com", true),
            (".example.com", "a.example.com", true), (".example.com", "example.com", true),
            ("example.com", "notexample.com", false), ("*", "anything", true), ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false), ("10.0.0.0/33", "10.1.2.3", false), ("0.0.0.0/0", "1.2.3.4", true),
            ("127.0.0.1", "127.0.0.1", true), ("[::1]", "::1", true), ("10.0.0.0/8", "example.com", false),
            ("", "example.com", false), (".", "example.com", false),
        ])
    func exceptions(exception: String, host: String, isCovered: Bool) {
        let settings = ProxySettings(variables: ["http_proxy": "p:1", "no_proxy": exception])
        #expect((settings.proxy(isHTTPS: false, host: host) == nil) == isCovered)
    }

    @Test("a proxy looks the target up, so only its own name is resolved here; old SOCKS needs both")
    func namesToResolve() throws {
        let target = try RequestTarget(url: "https://api.example.com/v1")
        #expect(try HTTPClient.hostsToResolve(target, nil) == [target])
        let proxy = try HTTPClient.hostsToResolve(target, "http://user:secret@Proxy.example:3128")
        #expect(proxy.map(\.text) == ["proxy.example:3128"])
        #expect(try HTTPClient.hostsToResolve(target, "proxy.example").map(\.text) == ["proxy.example:1080"])
        #expect(try HTTPClient.hostsToResolve(target, "socks5h://p:1").map(\.text) == ["p:1"])
        #expect(try HTTPClient.hostsToResolve(target, "socks5://p:1").map(\.text) == ["p:1", "api.example.com:443"])
        #expect(throws: HTTPError.self) { try HTTPClient.hostsToResolve(target, "gopher://secret") }
    }

    @Test("an http request goes to the proxy with its whole URL, and the target's name is not looked up here")
    func throughProxy() async throws {
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let (exchange, received) = try await onLoop.run { actor in
            let proxy = try RawServer(on: actor.loop, answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            defer { proxy.close() }
            let client = HTTPClient(
                on: actor.loop,
                configuration: HTTPClientConfiguration(
                    proxies: ProxySettings(variables: ["http_proxy": "http://\(proxy.address)"])))
            defer { client.close() }
            let exchange = try await client.exchange(
                HTTPRequest(method: "GET", url: "http://no-such-host.invalid/path"))
            return (exchange, proxy.received)
        }
        #expect(exchange.text == "ok")
        #expect(received.hasPrefix("GET http://no-such-host.invalid/path HTTP/1.1\r\n"))
    }

    @Test("an https request asks the proxy for a tunnel, and a refusal is a failed connection")
    func refusedTunnel() async throws {
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let (kind, received): (HTTPError.Kind?, String) = try await onLoop.run { actor in
            let proxy = try RawServer(
                on: actor.loop, answering: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            defer { proxy.close() }
            let client = HTTPClient(
                on: actor.loop,
                configuration: HTTPClientConfiguration(
                    proxies: ProxySettings(variables: ["https_proxy": "http://\(proxy.address)"])))
            defer { client.close() }
            do {
                _ = try await client.exchange(HTTPRequest(method: "GET", url: "https://no-such-host.invalid/secret"))
                return (nil, proxy.received)
            } catch let error as HTTPError {
                #expect(!error.message.contains("secret"))
                return (error.kind, proxy.received)
            }
        }
        #expect(kind == .connectFailed)
        #expect(received.hasPrefix("CONNECT no-such-host.invalid:443 HTTP/1.1\r\n"))
    }

    @Test("the process's variables are not read behind the configuration's back")
    func ignoresProcessVariables() async throws {
        let server = try await ModelOnLoop([.echo])
        // A proxy that the exception rules out must not be used either.
        let exchange = try await server.onLoop.run { actor in
            let client = HTTPClient(
                on: actor.loop,
                configuration: HTTPClientConfiguration(
                    proxies: ProxySettings(variables: ["http_proxy": "127.0.0.1:1", "no_proxy": "127.0.0.1"])))
            defer { client.close() }
            return try await client.exchange(server.chat())
        }
        #expect(exchange.status == 200)
        try await server.stop()
    }
}
