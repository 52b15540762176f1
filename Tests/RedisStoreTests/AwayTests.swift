// A Redis that is away, slow, wrong or full: what callers are told, how soon, and that all goes on by itself after
// that.

import ChatEngine
import EngineConformance
import Glibc
import IOLoop
import RedisSupport
import Testing

@testable import RedisStore

@Suite("A Redis on a bad day", .serialized, .timeLimit(.minutes(1)))
struct AwayTests {
    /// Runs the body, which must fail with an engine error, and returns it and how long it took.
    private static func failure(_ body: () async throws -> Void) async throws -> (EngineError, Duration) {
        let start = ContinuousClock.now
        let error = await #expect(throws: EngineError.self) { try await body() }
        return (try #require(error), ContinuousClock.now - start)
    }

    private static func with(
        _ arguments: [String] = [], _ body: (RedisProcess) async throws -> Void
    ) async throws {
        let server = try await RedisProcess.start(arguments)
        do {
            try await body(server)
        } catch {
            try? await server.stop()
            throw error
        }
        try await server.stop()
    }

    @Test("killed, calls are refused within 100 ms and all goes on when it is back")
    func killed() async throws {
        try await Self.with { server in
            let harness = try await RedisHarness.open(server)
            _ = try await harness.append("t1")
            #expect(harness.health.value.count == 1)
            try await server.kill()
            try await harness.eventually("the loss is told") { harness.health.value.count == 2 }
            if case .ready = harness.health.value.last { Issue.record("it is away") }
            for _ in 0..<20 {
                let (error, time) = try await Self.failure {
                    _ = try await harness.store.session(owner: "", id: "s")
                }
                #expect(error.kind == .unavailable && error.reason == "STORE_UNAVAILABLE", "\(error)")
                #expect(time < .milliseconds(100), "it took \(time)")
                let (opening, openingTime) = try await Self.failure { _ = try await harness.open("t2") }
                #expect(opening.kind == .unavailable && openingTime < .milliseconds(100), "\(opening) \(openingTime)")
            }
            try await server.restart()
            try await harness.eventually("it is back") { harness.health.value.count == 3 }
            if case .away = harness.health.value.last { Issue.record("it is back") }
            _ = try await harness.append("t3")
            #expect(try await harness.texts() == ["q", "a"])
            await harness.opened.close()
        }
    }

    @Test("a store is opened while Redis is away, and serves when it comes")
    func absentAtFirst() async throws {
        try await Self.with { server in
            try await server.kill()
            let harness = try await RedisHarness.open(server)
            #expect(harness.health.value.count == 1)
            let (error, _) = try await Self.failure { _ = try await harness.store.session(owner: "", id: "s") }
            #expect(error.kind == .unavailable)
            try await server.restart()
            try await harness.eventually("it came") { harness.health.value.count == 2 }
            _ = try await harness.append("t1")
            await harness.opened.close()
        }
    }

    @Test(
        "paused, what was sent ends after its time limit, writes as unknown; repeated with its id a turn is there once")
    func paused() async throws {
        try await Self.with { server in
            let harness = try await RedisHarness.open(server)
            guard case .opened(let lease, _) = try await harness.open("t1") else { return }
            let turn = RedisHarness.turn("t1", lease: lease, generation: nil, wall: harness.wallMicroseconds)
            server.signal(SIGSTOP)
            async let read = Self.failure { _ = try await harness.store.session(owner: "", id: "s") }
            let (write, time) = try await Self.failure { _ = try await harness.store.append(turn) }
            #expect(write.kind == .outcomeUnknown, "\(write)")
            #expect(time < RedisLimits.commandTimeLimit + .milliseconds(300), "it took \(time)")
            // Both came to the one connection of a loop, or to two: either way nothing hangs.
            #expect(try await read.0.kind == .unavailable)
            let (later, laterTime) = try await Self.failure { _ = try await harness.open("t2") }
            #expect(later.kind == .unavailable && laterTime < .milliseconds(200), "\(later) \(laterTime)")
            server.signal(SIGCONT)
            try await harness.eventually("it is back") { harness.health.value.count == 3 }
            // Redis had the append in its socket and did it when it woke.
            let again = try await harness.store.append(turn)
            guard case .duplicate(let stored) = again else {
                Issue.record("the outcome was \(again)")
                return
            }
            #expect(stored.text == "a")
            #expect(try await harness.texts() == ["q", "a"])
            await harness.opened.close()
        }
    }

    @Test("a server that forgot the scripts is given them again")
    func scriptsForgotten() async throws {
        try await Self.with { server in
            let harness = try await RedisHarness.open(server)
            _ = try await harness.append("t1")
            try await harness.ask("SCRIPT", "FLUSH")
            for index in 2...5 { _ = try await harness.append("t\(index)") }
            #expect(try await harness.store.session(owner: "", id: "s")?.messageCount == 10)
            await harness.opened.close()
        }
    }

    @Test("a server that becomes a replica is left, and taken again when it is a master")
    func demoted() async throws {
        try await Self.with { server in
            let harness = try await RedisHarness.open(server) { $0.lockLimits.serviceLeaseMax = .seconds(30) }
            _ = try await harness.append("t1")
            let other = try await RedisProcess.start()
            try await harness.ask("REPLICAOF", "127.0.0.1", "\(other.port)")
            try await harness.eventually("writes are refused") {
                do {
                    _ = try await harness.append("t2")
                    return false
                } catch let error as EngineError { return error.kind == .unavailable }
            }
            #expect(harness.health.value.count >= 2)
            try await harness.ask("REPLICAOF", "NO", "ONE")
            try await harness.eventually("it serves again") { try await harness.isServed() }
            // What it knew may be another server's, so leases of before may be missing.
            let (error, _) = try await Self.failure {
                _ = try await harness.locks.acquire(
                    LockRequest(
                        key: LockKey(.service, owner: "", name: "n"), token: .random(), timeToLive: .seconds(1)))
            }
            #expect(error.reason == "LOCKS_RECOVERING", "\(error)")
            _ = try await harness.append("t3")
            await harness.opened.close()
            try await other.stop()
        }
    }

    @Test("a Redis without memory refuses turns, keeps what it has, and gives locks back")
    func full() async throws {
        try await Self.with { server in
            let harness = try await RedisHarness.open(server)
            _ = try await harness.append("t1")
            guard case .opened(let lease, let window) = try await harness.open("t2") else { return }
            try await harness.ask("CONFIG", "SET", "maxmemory", "1")
            let (error, _) = try await Self.failure {
                _ = try await harness.store.append(
                    RedisHarness.turn(
                        "t2", lease: lease, generation: window.session?.generation, wall: harness.wallMicroseconds))
            }
            #expect(error.kind == .resourceExhausted && error.reason == "STORE_FULL", "\(error)")
            #expect(try await harness.locks.release(lease.key, token: lease.token))
            #expect(try await harness.texts() == ["q", "a"])
            let (opening, _) = try await Self.failure { _ = try await harness.open("t3") }
            #expect(opening.reason == "STORE_FULL", "a turn that cannot be stored is not begun: \(opening)")
            #expect(try await harness.store.deleteSession(owner: "", id: "s"))
            await harness.opened.close()
        }
    }

    @Test("too few replicas is a refusal that passes")
    func tooFewReplicas() async throws {
        try await Self.with { server in
            let harness = try await RedisHarness.open(server)
            try await harness.ask("CONFIG", "SET", "min-replicas-to-write", "1")
            let (error, _) = try await Self.failure { _ = try await harness.open("t1") }
            #expect(error.kind == .unavailable && error.message.contains("replicas"), "\(error)")
            try await harness.ask("CONFIG", "SET", "min-replicas-to-write", "0")
            _ = try await harness.append("t1")
            await harness.opened.close()
        }
    }

    @Test("a wrong password, a missing one, a missing right and a database that is not there are told at the start")
    func refused() async throws {
        try await Self.with(["--requirepass", "secret", "--databases", "2"]) { server in
            for (url, words) in [
                ("redis://:wrong@127.0.0.1:\(server.port)", "user or the password"),
                ("redis://127.0.0.1:\(server.port)", "wants a password"),
                ("redis://:secret@127.0.0.1:\(server.port)/7", "refused the connection"),
            ] {
                let error = await #expect(throws: RedisOpenError.self) {
                    _ = try await RedisHarness.open(server, url: url)
                }
                #expect(error?.description.contains(words) == true, "\(String(describing: error))")
                #expect(error?.description.contains("secret") == false)
            }
            let harness = try await RedisHarness.open(server, url: "redis://:secret@127.0.0.1:\(server.port)/1")
            _ = try await harness.append("t1")
            let admin = TestConnection(RedisHarness.loops[0], server, password: "secret")
            try await admin.ask("ACL", "SETUSER", "poor", "on", ">pw", "~*", "+@all", "-evalsha", "-eval", "-script")
            let error = await #expect(throws: RedisOpenError.self) {
                _ = try await RedisHarness.open(server, url: "redis://poor:pw@127.0.0.1:\(server.port)")
            }
            #expect(error?.description.contains("operator's guide") == true, "\(String(describing: error))")
            await harness.opened.close()
        }
    }

    @Test("a server that is no Redis, and one that has no room, are away")
    func strange() async throws {
        try await Self.with(["--maxclients", "1"]) { server in
            let harness = try await RedisHarness.open(server, loops: [RedisHarness.loops[0]])
            _ = try await harness.append("t1")
            let second = try await RedisHarness.open(server, loops: [RedisHarness.loops[1]])
            let (error, time) = try await Self.failure { _ = try await second.store.session(owner: "", id: "s") }
            #expect(error.kind == .unavailable && time < .milliseconds(100), "\(error) \(time)")
            await second.opened.close()
            await harness.opened.close()
        }
        let babbler = try await LoopActor(RedisHarness.loops[0]).run { actor in try Babbler(on: actor.loop) }
        let (shared, _) = try await SharedRedis.get()
        let harness = try await RedisHarness.open(shared, url: "redis://127.0.0.1:\(babbler.port)")
        let (error, _) = try await Self.failure { _ = try await harness.store.session(owner: "", id: "s") }
        #expect(error.kind == .unavailable, "\(error)")
        await harness.opened.close()
        RedisHarness.loops[0].execute { babbler.close() }
    }

    @Test("a Unix socket serves as TCP does")
    func unixSocket() async throws {
        let (server, _) = try await SharedRedis.get()
        let harness = try await RedisHarness.open(server, url: "redis+unix://\(server.folder)/redis.sock?db=1")
        _ = try await harness.append("t1")
        #expect(try await harness.texts() == ["q", "a"])
        await harness.opened.close()
    }
}

/// Answers every connection at once, and not as a Redis does.
private final class Babbler: @unchecked Sendable {
    // Because it is used on its loop alone.
    private var listener: Listener?
    private var streams: [ByteStream] = []
    private(set) var port: UInt16 = 0

    private final class Deaf: ByteStreamHandler {
        func received(_ bytes: Span<UInt8>) {}
        func writable() {}
        func closed(_ reason: ByteStreamEnd) {}
    }

    init(on loop: IOLoop) throws {
        let address = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        let listener = try Listener(
            address, on: loop,
            accepted: { [unowned self] descriptor, peer in
                let stream = ByteStream(descriptor, peer: peer, on: loop)
                try? stream.start(Deaf())
                stream.write { $0 += "HTTP/1.1 400 Bad Request\r\n\r\n".utf8 }
                streams.append(stream)
            }, troubled: { _ in })
        port = listener.address.port
        self.listener = listener
    }

    func close() {
        listener?.close()
        for stream in streams { stream.close() }
    }
}
