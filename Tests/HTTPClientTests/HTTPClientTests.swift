// The client against a real server on the same loop: bodies, reuse, leaving early, cancellation, back-pressure.

import FakeModel
import IOLoop
import Testing

@testable import HTTPClient

@Suite("HTTP client", .timeLimit(.minutes(1)))
struct HTTPClientTests {
    @Test("reads a chunked body to its end")
    func readsChunkedBody() async throws {
        let server = try await ModelOnLoop([.answer(["Hel", "lo"])])
        let exchange = try await server.exchange(server.chat())
        #expect(exchange.status == 200)
        #expect(exchange.headers["Content-Type"] == "text/event-stream")
        #expect(exchange.text.contains(#""content":"Hel""#))
        #expect(exchange.text.contains(#""content":"lo""#))
        #expect(exchange.text.hasSuffix("data: [DONE]\n\n"))
        try await server.stop()
    }

    @Test("reads a body with a length, sends method, headers and body as given")
    func readsBodyWithLength() async throws {
        let server = try await ModelOnLoop([.answer(["whole"])])
        var request = server.chat(streams: false)
        request.headers.append(("Authorization", "Bearer secret"))
        request.headers.append(("X-Empty", ""))
        let exchange = try await server.exchange(request)
        #expect(exchange.headers["content-length"] == String(exchange.body.count))
        #expect(exchange.text.contains(#""content":"whole""#))
        let seen = try await server.request(0)
        #expect(seen.method == "POST")
        #expect(seen.path == "/v1/chat/completions")
        #expect(seen.body == request.body)
        #expect(seen.header("authorization") == "Bearer secret")
        #expect(seen.header("x-empty") == "")
        #expect(seen.header("expect") == nil)
        #expect(seen.header("accept-encoding") == nil)
        try await server.stop()
    }

    @Test("hands over statuses of errors with their bodies and headers")
    func handsOverErrorStatuses() async throws {
        let server = try await ModelOnLoop([.failure(status: 429, message: "slow down", retryAfterSeconds: 7)])
        let exchange = try await server.exchange(server.chat())
        #expect(exchange.status == 429)
        #expect(exchange.headers["Retry-After"] == "7")
        #expect(exchange.text.contains("slow down"))
        try await server.stop()
    }

    @Test("uses one connection for requests that follow each other")
    func reusesConnections() async throws {
        let server = try await ModelOnLoop([.answer(tokens: 3)])
        for _ in 0..<3 { _ = try await server.exchange(server.chat()) }
        _ = try await server.exchange(HTTPRequest(method: "GET", url: server.baseURL + "/models"))
        let connections = try await server.onLoop.run { _ in server.model.requests.map(\.connection) }
        #expect(connections == [0, 0, 0, 0])
        try await server.stop()
    }

    @Test("takes a new connection when the server has closed the pooled one")
    func replacesDeadConnections() async throws {
        let server = try await ModelOnLoop([.answer(tokens: 3)])
        _ = try await server.exchange(server.chat())
        let port = try await server.onLoop.run { _ in
            let port = server.model.address.port
            server.model.stop()
            try server.model.start(port: port)
            return port
        }
        let exchange = try await server.exchange(server.chat())
        #expect(exchange.status == 200)
        #expect(server.baseURL.contains(":\(port)/"))
        try await server.stop()
    }

    @Test("sends a large body, and needs no leave from the server for it")
    func sendsLargeBody() async throws {
        let server = try await ModelOnLoop([.answer(tokens: 1)])
        let request = server.chat(String(repeating: "x", count: 3_000_000))
        let exchange = try await server.exchange(request)
        #expect(exchange.status == 200)
        let seen = try await server.request(0)
        #expect(seen.header("content-length") == String(request.body.count))
        try await server.stop()
    }

    @Test("closes the connection when the closure leaves early")
    func leavingEarlyCloses() async throws {
        let server = try await ModelOnLoop([.broken(afterTokens: 2, by: .stall), .answer(tokens: 1)])
        let left = try await server.onLoop.run { _ in
            try await HTTPClient.current.withResponse(server.chat()) { _ = try await $0.nextChunk() }
            return ContinuousClock.now
        }
        let seen = try await server.request(0) { $0.closedByClient != nil }
        let closed = try #require(seen.closedByClient)
        #expect(closed - left < .seconds(1))
        _ = try await server.exchange(server.chat())
        let second = try await server.request(1)
        #expect(second.connection == 1)
        try await server.stop()
    }

    @Test(
        "closes the connection at once when the task is cancelled",
        arguments: [
            FakeModelScript.unanswered, .broken(afterTokens: 3, by: .stall),
            .answer(tokens: 5_000, interval: .milliseconds(5)),
        ])
    func cancellationCloses(script: FakeModelScript) async throws {
        // The model has a loop of its own, so that it sees the close on the wire and not by sharing a pass with the
        // client.
        let server = try await ModelOnLoop([script])
        let clientLoop = LoopActor(try IOLoop(label: "client"))
        let task = Task {
            try await clientLoop.run { _ in try await HTTPClient.current.exchange(server.chat()) }
        }
        let isStreaming = script.opening == .atOnce
        _ = try await server.request(0) { $0.tokensSent >= (isStreaming ? 3 : 0) }
        let cancelled = ContinuousClock.now
        task.cancel()
        let seen = try await server.request(0) { $0.closedByClient != nil }
        await #expect(throws: CancellationError.self) { try await task.value }
        let closed = try #require(seen.closedByClient)
        #expect(closed - cancelled < .seconds(1))
        let left = try await clientLoop.run { _ in HTTPClient.current.transfersUnderWay }
        #expect(left == 0)
        try await server.stop()
    }

    @Test("takes no more from the server than the reader wants, and all of it in the end")
    func slowReaderHoldsServerBack() async throws {
        let piece = String(repeating: "x", count: 64 * 1024)
        let pieces = 800
        let server = try await ModelOnLoop([FakeModelScript(Array(repeating: .raw(piece), count: pieces))])
        let clientLoop = LoopActor(try IOLoop(label: "client"))
        let (samples, bytes) = try await clientLoop.run { actor in
            try await HTTPClient.current.withResponse(server.chat()) { response in
                var bytes = try await response.nextChunk()?.count ?? 0
                #expect(bytes <= HTTPClientLimits.responseBytesHeldMax + 64 * 1024)
                var samples: [Int] = []
                for _ in 0..<2 {
                    try await actor.loop.sleep(until: .now + .milliseconds(300))
                    samples.append(try await server.request(0).bytesSent)
                }
                while let chunk = try await response.nextChunk() { bytes += chunk.count }
                return (samples, bytes)
            }
        }
        // What the two socket buffers hold, out of 52 MB; nothing moves while the reader sleeps.
        #expect(samples[0] < 20_000_000)
        #expect(samples[0] == samples[1])
        #expect(bytes == pieces * piece.utf8.count)
        try await server.stop()
    }

    @Test("serves many requests at a time, on two loops")
    func manyRequests() async throws {
        let server = try await ModelOnLoop([.answer(tokens: 20)])
        let loops = [LoopActor(try IOLoop(label: "a")), LoopActor(try IOLoop(label: "b"))]
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<100 {
                group.addTask {
                    try await loops[index % 2].run { _ in
                        try await HTTPClient.current.exchange(server.chat()).status
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 100))
        try await server.stop()
    }

    @Test("resolves a name and connects to it")
    func resolvesNames() async throws {
        let server = try await ModelOnLoop([.answer(tokens: 1)])
        var request = server.chat()
        request.url = request.url.replacing("127.0.0.1", with: "localhost")
        let exchange = try await server.exchange(request)
        #expect(exchange.status == 200)
        try await server.stop()
    }
}
