// How exchanges fail: cut connections, servers that are no servers, requests that are none. Errors name no secrets.

import FakeModel
import Glibc
import IOLoop
import Testing

@testable import HTTPClient

@Suite("HTTP failures", .timeLimit(.minutes(1)))
struct HTTPFailureTests {
    private func failure(_ body: () async throws -> some Sendable) async throws -> HTTPError {
        try await #require(throws: HTTPError.self) { _ = try await body() }
    }

    @Test(
        "a connection that ends before the body does is interrupted, streaming or not",
        arguments: [FakeModelScript.Step.cut, .reset], [true, false])
    func cutBodies(fault: FakeModelScript.Step, streams: Bool) async throws {
        let server = try await ModelOnLoop([.broken(afterTokens: 2, by: fault)])
        let error = try await failure { try await server.exchange(server.chat(streams: streams)) }
        #expect(error.kind == .interrupted)
        #expect(!error.isBeforeRequest)
        try await server.stop()
    }

    @Test("what came before the cut is read before the error")
    func readsUpToTheCut() async throws {
        let server = try await ModelOnLoop([.broken(afterTokens: 2, by: .cut)])
        let (text, kind) = try await server.onLoop.run { _ in
            try await HTTPClient.current.withResponse(server.chat()) { response in
                var body: [UInt8] = []
                do {
                    while let chunk = try await response.nextChunk() { body += chunk }
                } catch is HTTPError {
                    // It stays failed.
                }
                do {
                    _ = try await response.nextChunk()
                    return (String(decoding: body, as: UTF8.self), HTTPError.Kind?.none)
                } catch let error as HTTPError {
                    return (String(decoding: body, as: UTF8.self), error.kind)
                }
            }
        }
        #expect(text.contains(#""content":"t1 ""#))
        #expect(kind == .interrupted)
        try await server.stop()
    }

    @Test("a server that closes without a byte is an interruption, without another attempt")
    func emptyAnswer() async throws {
        var script = FakeModelScript([])
        script.opening = .closed
        let server = try await ModelOnLoop([script])
        let error = try await failure { try await server.exchange(server.chat()) }
        #expect(error.kind == .interrupted)
        let requests = try await server.onLoop.run { _ in server.model.requestCount }
        #expect(requests == 1)
        try await server.stop()
    }

    @Test("nobody listens")
    func refused() async throws {
        let server = try await ModelOnLoop([.echo])
        try await server.stop()
        let error = try await failure { try await server.exchange(server.chat()) }
        #expect(error.kind == .connectFailed)
        #expect(error.isBeforeRequest)
    }

    @Test("a name that does not exist")
    func unknownName() async throws {
        let server = try await ModelOnLoop([.echo])
        let error = try await failure {
            try await server.exchange(HTTPRequest(method: "GET", url: "http://no-such-host.invalid/"))
        }
        #expect(error.kind == .resolve)
        #expect(error.message.contains("no-such-host.invalid"))
        try await server.stop()
    }

    @Test(
        "URLs that cannot be used, without their secrets in the message",
        arguments: [
            "", "secret", "/secret", "ftp://secret@127.0.0.1/", "file:///secret", "http://", "http://[::1/secret",
            "http://127.0.0.1:99999/secret", "http://127.0.0.1/secret path", "http://127.0.0.1/\u{e9}secret",
            "http://user:secret@/", "http://127.0.0.1/\r\nX: secret",
        ])
    func badURLs(url: String) async throws {
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let error = try await failure {
            try await onLoop.run { _ in try await HTTPClient.current.exchange(HTTPRequest(method: "GET", url: url)) }
        }
        #expect(error.kind == .invalidURL)
        #expect(!error.message.contains("secret"))
    }

    @Test("no message holds the URL's user, path or query")
    func messagesKeepSecrets() async throws {
        let server = try await ModelOnLoop([.broken(afterTokens: 1, by: .cut)])
        let port = try await server.onLoop.run { _ in server.model.address.port }
        let url = "http://user:secret@127.0.0.1:\(port)/secret/chat/completions?key=secret"
        var request = server.chat()
        request.url = url
        request.headers.append(("Authorization", "Bearer secret"))
        let cut = try await failure { try await server.exchange(request) }
        #expect(cut.kind == .interrupted)
        try await server.stop()
        let refused = try await failure { try await server.exchange(request) }
        #expect(refused.kind == .connectFailed)
        for error in [cut, refused] {
            #expect(!"\(error)".contains("secret"))
            #expect(error.message.contains("127.0.0.1:\(port)"))
        }
    }

    @Test("headers and methods that would smuggle something are refused")
    func smuggling() async throws {
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let url = "http://127.0.0.1:1/"
        let requests = [
            HTTPRequest(method: "GET / HTTP/1.1\r\n", url: url), HTTPRequest(method: "", url: url),
            HTTPRequest(method: "GET", url: url, headers: [("A", "secret\r\nB: c")]),
            HTTPRequest(method: "GET", url: url, headers: [("A: secret", "")]),
            HTTPRequest(method: "GET", url: url, headers: [("A", "\0secret")]),
        ]
        for request in requests {
            let error = try await failure {
                try await onLoop.run { _ in try await HTTPClient.current.exchange(request) }
            }
            #expect(error.kind == .invalidURL)
            #expect(!error.message.contains("secret"))
        }
    }

    @Test("requests beyond the limits are refused before a connection is made")
    func tooLargeRequests() async throws {
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let long = String(repeating: "x", count: HTTPClientLimits.requestHeaderBytesMax + 1)
        let requests = [
            HTTPRequest(method: "GET", url: "http://127.0.0.1:1/" + long),
            HTTPRequest(method: "GET", url: "http://127.0.0.1:1/", headers: [("A", long)]),
            HTTPRequest(
                method: "POST", url: "http://127.0.0.1:1/",
                body: [UInt8](repeating: 0, count: HTTPClientLimits.requestBodyBytesMax + 1)),
        ]
        for request in requests {
            let error = try await failure {
                try await onLoop.run { _ in try await HTTPClient.current.exchange(request) }
            }
            #expect(error.kind == .tooLarge)
        }
    }

    @Test(
        "answers that are no proper HTTP/1.1",
        arguments: [
            ("SSH-2.0-OpenSSH_9.2\r\n\r\n", HTTPError.Kind.protocolError),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", .interrupted),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .interrupted),
            ("HTTP/1.1 200 OK\r\nContent-Le", .protocolError),
            ("HTTP/1.1 200 OK\r\nA: \(String(repeating: "x", count: 80_000))\r\n\r\n", .tooLarge),
            ("HTTP/1.1 200 OK\r\nA: \(String(repeating: "x", count: 200_000))\r\n\r\n", .tooLarge),
            ("HTTP/1.1 200 OK\r\n" + String(repeating: "A: xxxxxxxx\r\n", count: 10_000), .tooLarge),
        ])
    func improperAnswers(answer: String, kind: HTTPError.Kind) async throws {
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let error = try await failure {
            try await onLoop.run { actor in
                let server = try RawServer(on: actor.loop, answering: answer, closes: true)
                defer { server.close() }
                return try await HTTPClient.current.exchange(
                    HTTPRequest(method: "GET", url: "http://\(server.address)/"))
            }
        }
        #expect(error.kind == kind, "\(error)")
    }

    @Test(
        "answers that are unusual and proper",
        arguments: [
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.0 200 OK\r\n\r\nok", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nTrailer: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
        ])
    func unusualAnswers(answer: String) async throws {
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let exchange = try await onLoop.run { actor in
            let server = try RawServer(on: actor.loop, answering: answer, closes: true)
            defer { server.close() }
            return try await HTTPClient.current.exchange(HTTPRequest(method: "GET", url: "http://\(server.address)/"))
        }
        #expect(exchange.status == 200)
        #expect(exchange.text == "ok")
        #expect(exchange.headers["link"] == nil)
    }

    @Test("a redirect is handed over and not followed")
    func redirects() async throws {
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let (exchange, received) = try await onLoop.run { actor in
            let server = try RawServer(
                on: actor.loop,
                answering: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
            defer { server.close() }
            let exchange = try await HTTPClient.current.exchange(
                HTTPRequest(method: "GET", url: "http://\(server.address)/"))
            return (exchange, server.received)
        }
        #expect(exchange.status == 302)
        #expect(exchange.body.isEmpty)
        #expect(received.hasPrefix("GET / HTTP/1.1\r\n"))
    }

    @Test("an address that the operator forbids is not connected to")
    func forbiddenAddresses() async throws {
        let server = try await ModelOnLoop([.echo])
        let error = try await failure {
            try await server.onLoop.run { actor in
                let configuration = HTTPClientConfiguration(allowsAddress: { !$0.isLoopback })
                let client = HTTPClient(on: actor.loop, configuration: configuration)
                defer { client.close() }
                return try await client.exchange(server.chat())
            }
        }
        #expect(error.kind == .connectFailed)
        #expect(error.message.contains("not allowed"))
        let connections = try await server.onLoop.run { _ in server.model.connectionCount }
        #expect(connections == 0)
        try await server.stop()
    }

    @Test("an attempt at one address after another keeps no trace of the failed one")
    func severalAddresses() async throws {
        // Where the system knows localhost as ::1 too, that address refuses first, and its descriptor's number is used
        // again.
        let server = try await ModelOnLoop([.answer(tokens: 1)])
        let url = server.chat().url.replacing("127.0.0.1", with: "localhost")
        for _ in 0..<20 {
            let status = try await server.onLoop.run { actor in
                let client = HTTPClient(on: actor.loop, configuration: HTTPClientConfiguration())
                defer { client.close() }
                var request = server.chat()
                request.url = url
                return try await client.exchange(request).status
            }
            #expect(status == 200)
        }
        try await server.stop()
    }

    @Test("requests that are given up while they connect leave no descriptor behind")
    func abandonedConnects() async throws {
        let full = try FullListener()
        let onLoop = LoopActor(try IOLoop(label: "test"))
        let url = "http://127.0.0.1:\(full.port)/"
        let kinds = try await onLoop.run { actor in
            let client = HTTPClient(on: actor.loop, configuration: HTTPClientConfiguration())
            defer { client.close() }
            var kinds: [HTTPError.Kind] = []
            for _ in 0..<10 {
                do {
                    _ = try await client.exchange(
                        HTTPRequest(method: "GET", url: url),
                        limits: HTTPTimeLimits(connect: nil, firstByte: .milliseconds(5)))
                } catch let error as HTTPError {
                    kinds.append(error.kind)
                }
            }
            #expect(client.watchedSockets == 0)
            return kinds
        }
        #expect(kinds == Array(repeating: .timedOut(.firstByte), count: 10))
    }

    @Test("closing a client ends what is under way and closes its connections")
    func closingEndsRequests() async throws {
        let server = try await ModelOnLoop([.broken(afterTokens: 1, by: .stall)])
        let client = try await server.onLoop.run { HTTPClient(on: $0.loop, configuration: HTTPClientConfiguration()) }
        let task = Task { try await server.onLoop.run { _ in try await client.exchange(server.chat()) } }
        _ = try await server.request(0) { $0.tokensSent == 1 }
        try await server.onLoop.run { _ in client.close() }
        let error = try await failure { try await task.value }
        #expect(error.kind == .interrupted)
        let seen = try await server.request(0) { $0.closedByClient != nil }
        #expect(seen.closedByClient != nil)
        try await server.stop()
    }
}
