// The Redis user with the least rights that the operator's guide names can do all that the store does.

import ChatEngine
import EngineConformance
import Glibc
import RedisSupport
import Testing

@testable import RedisStore

@Suite("The user with the least rights", .serialized, .timeLimit(.minutes(1)))
struct LeastRightsTests {
    /// The rules as the guide gives them, for a deployment of another cache key.
    private static func rules(cacheKey: String) throws -> [String] {
        let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        let text = try text(of: root + "/Sources/ChatServer/Documentation.docc/Redis.md")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let command = lines.drop { !$0.contains("ACL SETUSER chatd ") }.prefix { !$0.isEmpty }
        try #require(!command.isEmpty, "the guide names the user")
        let words = command.flatMap { $0.split(separator: " ") }.filter { $0 != "\\" }
        return words.dropFirst(3).map { word in
            var parts: [Substring] = []
            var rest = word
            while let range = rest.firstRange(of: "finance_app") {
                parts += [rest[..<range.lowerBound], Substring(cacheKey)]
                rest = rest[range.upperBound...]
            }
            return (parts + [rest]).joined()
        }
    }

    private static func text(of path: String) throws -> String {
        let file = try #require(fopen(path, "r"), "the guide is where it was")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static let server = Task { try await RedisProcess.start() }

    private static func with(_ body: (RedisHarness) async throws -> Void) async throws {
        let server = try await server.value
        let (_, cacheKey) = try await SharedRedis.get()
        let admin = TestConnection(RedisHarness.loops[0], server)
        try await admin.ask(["ACL", "SETUSER", cacheKey] + rules(cacheKey: cacheKey) + [">pw"])
        let harness = try await RedisHarness.open(
            server, url: "redis://\(cacheKey):pw@127.0.0.1:\(server.port)", cacheKey: cacheKey)
        do {
            try await body(harness)
        } catch {
            await harness.opened.close()
            throw error
        }
        await harness.opened.close()
    }

    @Test("keeps the contract of sessions", arguments: SessionStoreConformance.cases)
    func sessions(promise: ConformanceCase<any StoreHarness>) async throws {
        guard !promise.name.contains("expire"), !promise.name.contains("alive") else { return }
        try await Self.with { try await promise.run(on: $0) }
    }

    @Test("waits for locks and hears of them, and repairs lists")
    func locks() async throws {
        try await Self.with { harness in
            let key = LockKey(.service, owner: "", name: "n")
            let lease = try await harness.locks.acquire(
                LockRequest(key: key, token: .random(), timeToLive: .seconds(60)))
            let waiting = Task {
                try await harness.locks.acquire(
                    LockRequest(
                        key: key, token: .random(), timeToLive: .seconds(60), waitDeadline: .now + .seconds(50)))
            }
            try await harness.eventually("it waits") { try await harness.locks.inspect(key)?.waiters == 1 }
            let events = Guarded<[LeaseEvent]>([])
            let keeper = harness.locks.keepAlive(lease) { event in events.withLock { $0.append(event) } }
            try await harness.eventually("it listens") { !events.value.isEmpty }
            _ = try await harness.locks.forceRelease(key, fence: lease.fence)
            _ = try await waiting.value
            try await harness.eventually("it is told") { events.value.last == .lost(.forced) }
            keeper.stop()
            _ = try await harness.append("t1")
            try await harness.repairAll()
        }
    }

    @Test("cannot touch other keys, nor the server")
    func refused() async throws {
        try await Self.with { harness in
            let client = TestConnection(
                RedisHarness.loops[0], harness.server, password: "pw", user: harness.cacheKey)
            for words in [
                ["GET", "another"], ["FLUSHALL"], ["CONFIG", "GET", "*"], ["KEYS", "*"], ["SHUTDOWN"],
                ["EVAL", "return redis.call('HGET', 'another', 'x')", "0"], ["SUBSCRIBE", "another"],
            ] {
                let error = await #expect(throws: TestConnection.Refused.self, "\(words)") {
                    try await client.ask(words)
                }
                let isRefusal = ["NOPERM", "ACL failure", "can't access"].contains {
                    error?.words.contains($0) == true
                }
                #expect(isRefusal, "\(words): \(error?.words ?? "")")
            }
        }
    }
}
