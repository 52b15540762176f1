// A test's own way to a Redis: one command, one answer, over the client's connection and reader.

import EngineConformance
import IOLoop
import RedisSupport

@testable import RedisStore

/// Commands to a server, each on a connection of its own.
struct TestConnection: Sendable {
    struct Refused: Error, Equatable {
        let words: String
    }

    private let loop: IOLoop
    private let port: UInt16
    private let password: String?
    private let user: String

    init(_ loop: IOLoop, _ server: RedisProcess, password: String? = nil, user: String = "default") {
        self.loop = loop
        self.user = user
        port = server.port
        self.password = password
    }

    /// The answer as text: a string, a number, or the elements of an array between spaces; nil for nothing.
    ///
    /// - Throws: `Refused` with the words of an error.
    @discardableResult
    func ask(_ words: String...) async throws -> String? { try await ask(words) }

    @discardableResult
    func ask(_ words: [String]) async throws -> String? {
        let command = RedisCommand(words: words)
        return try await LoopActor(loop).run { [command, port, password, user] actor in
            guard let address = SocketAddress(numericHost: "127.0.0.1", port: port) else { return nil }
            let stream = try await ByteStream.connect(
                to: address, on: actor.loop, until: .now + .seconds(5))
            let handler = Collector()
            try stream.start(handler)
            defer { stream.close() }
            if let password {
                stream.write { RedisCommand("AUTH", user, password).write(into: &$0) }
                handler.skipped = 1
            }
            stream.write { command.write(into: &$0) }
            let reply: RedisReply = try await wait(on: actor.loop, until: .now + .seconds(10)) { handler.waiter = $0 }
            if let error = reply.value.error { throw Refused(words: error) }
            return Self.text(reply.value)
        }
    }

    private static func text(_ value: RedisValue) -> String? {
        if value.count > 0 { return value.elements.map { text($0) ?? "nil" }.joined(separator: " ") }
        return value.integer.map { String($0) } ?? value.text
    }

    private final class Collector: ByteStreamHandler {
        let reader = ReplyReader()
        var skipped = 0
        var waiter: Waiter<RedisReply>?

        func received(_ bytes: Span<UInt8>) {
            do {
                try reader.feed(bytes)
                while let reply = try reader.next() {
                    if skipped > 0 { skipped -= 1 } else { waiter?.resume(returning: reply) }
                }
            } catch { waiter?.resume(throwing: error) }
        }

        func writable() {}

        func closed(_ reason: ByteStreamEnd) { waiter?.resume(throwing: reason) }
    }
}
