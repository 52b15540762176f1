// Each of the four limits against a server that is too slow in just that way. Upper bounds are wide: they tell a limit
// from a hang.

import FakeModel
import Glibc
import IOLoop
import Testing

@testable import HTTPClient

@Suite("HTTP time limits", .timeLimit(.minutes(1)))
struct HTTPTimeLimitTests {
    /// Runs into a limit; says which, and after how long.
    private func passed(
        _ server: ModelOnLoop, _ request: HTTPRequest, _ limits: HTTPTimeLimits
    ) async throws -> (HTTPError.Kind, Duration) {
        let start = ContinuousClock.now
        let error = try await #require(throws: HTTPError.self) {
            _ = try await server.exchange(request, limits: limits)
        }
        return (error.kind, .now - start)
    }

    private let short = Duration.milliseconds(150)

    @Test("connect: a server whose backlog is full")
    func connect() async throws {
        let server = try await ModelOnLoop([.echo])
        let full = try FullListener()
        let request = HTTPRequest(method: "GET", url: "http://127.0.0.1:\(full.port)/")
        let (kind, took) = try await passed(server, request, HTTPTimeLimits(connect: short))
        #expect(kind == .timedOut(.connect))
        #expect(took >= short - .milliseconds(5) && took < .seconds(10))
        try await server.stop()
    }

    @Test("connect: a server that never answers the TLS handshake")
    func handshake() async throws {
        let server = try await ModelOnLoop([.echo])
        var request = server.chat()
        request.url = request.url.replacing("http://", with: "https://")
        let (kind, took) = try await passed(server, request, HTTPTimeLimits(connect: short))
        #expect(kind == .timedOut(.connect))
        #expect(took < .seconds(10))
        try await server.stop()
    }

    @Test("first byte: a server that takes the request and says nothing")
    func firstByte() async throws {
        let server = try await ModelOnLoop([.unanswered])
        let (kind, took) = try await passed(server, server.chat(), HTTPTimeLimits(firstByte: short))
        #expect(kind == .timedOut(.firstByte))
        #expect(took >= short && took < .seconds(10))
        let seen = try await server.request(0) { $0.closedByClient != nil }
        #expect(seen.closedByClient != nil)
        try await server.stop()
    }

    @Test("idle: a stream that falls silent")
    func idle() async throws {
        let server = try await ModelOnLoop([.broken(afterTokens: 2, by: .stall)])
        let (kind, took) = try await passed(server, server.chat(), HTTPTimeLimits(idle: short))
        #expect(kind == .timedOut(.idle))
        #expect(took >= short && took < .seconds(10))
        let seen = try await server.request(0) { $0.closedByClient != nil }
        #expect(seen.closedByClient != nil)
        try await server.stop()
    }

    @Test("idle: bytes that keep coming, comments too, are no silence")
    func idleIsRenewed() async throws {
        let step: [FakeModelScript.Step] = [.comment(" keep-alive"), .pause(.milliseconds(30))]
        let server = try await ModelOnLoop([FakeModelScript((0..<10).flatMap { _ in step } + [.done])])
        let exchange = try await server.exchange(server.chat(), limits: HTTPTimeLimits(idle: .milliseconds(200)))
        #expect(exchange.text.hasSuffix("data: [DONE]\n\n"))
        try await server.stop()
    }

    @Test("idle: a reader's own pause is no silence")
    func idleWaitsForReader() async throws {
        let piece = FakeModelScript.Step.raw(String(repeating: "x", count: 64 * 1024))
        let server = try await ModelOnLoop([FakeModelScript(Array(repeating: piece, count: 100))])
        let bytes = try await server.onLoop.run { actor in
            try await HTTPClient.current.withResponse(
                server.chat(), limits: HTTPTimeLimits(idle: .milliseconds(200))
            ) { response in
                var bytes = try await response.nextChunk()?.count ?? 0
                try await actor.loop.sleep(until: .now + .milliseconds(400))
                while let chunk = try await response.nextChunk() { bytes += chunk.count }
                return bytes
            }
        }
        #expect(bytes == 100 * 64 * 1024)
        try await server.stop()
    }

    @Test("total: a stream that goes on and on")
    func total() async throws {
        let server = try await ModelOnLoop([.answer(tokens: 2_000, interval: .milliseconds(10))])
        let (kind, took) = try await passed(server, server.chat(), HTTPTimeLimits(total: .milliseconds(300)))
        #expect(kind == .timedOut(.total))
        #expect(took >= .milliseconds(300) && took < .seconds(10))
        try await server.stop()
    }

    @Test("the caller's own deadline leaves the response as it was")
    func callersDeadline() async throws {
        let server = try await ModelOnLoop([
            FakeModelScript([.role, .pause(.milliseconds(600)), .token("late"), .done])
        ])
        let (expired, text) = try await server.onLoop.run { _ in
            try await HTTPClient.current.withResponse(server.chat()) { response in
                var (expired, body) = (0, [UInt8]())
                while true {
                    do {
                        guard let chunk = try await response.nextChunk(until: .now + .milliseconds(50)) else { break }
                        body += chunk
                    } catch is DeadlineExceeded {
                        expired += 1
                    }
                }
                return (expired, String(decoding: body, as: UTF8.self))
            }
        }
        #expect(expired >= 1)
        #expect(text.contains("late"))
        try await server.stop()
    }
}

/// A listening socket whose queue is full: the kernel answers no further connection.
struct FullListener: ~Copyable {
    private let listener: Int32
    private var fillers: [Int32] = []
    let port: UInt16

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try #require(bind(listener, pointer, size) == 0)
                try #require(listen(listener, 0) == 0)
                try #require(getsockname(listener, pointer, &size) == 0)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        // One more than the backlog is queued; the rest would wait in vain, so they are not waited for.
        for _ in 0..<3 {
            let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            fillers.append(filler)
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = Glibc.connect(filler, $0, size) }
            }
        }
    }

    deinit {
        for filler in fillers { close(filler) }
        close(listener)
    }
}
