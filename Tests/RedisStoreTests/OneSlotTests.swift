// Every script touches keys of one slot only: a Redis in cluster mode, which refuses all others, runs the whole suite.

import ChatEngine
import EngineConformance
import RedisSupport
import Testing

@testable import RedisStore

@Suite("On a cluster's node", .serialized, .timeLimit(.minutes(1)))
struct OneSlotTests {
    /// One node that has all slots: it checks the keys of commands and scripts as a cluster of many would.
    private actor Node {
        static let shared = Node()
        private var starting: Task<RedisProcess, any Error>?

        func get() async throws -> RedisProcess {
            let starting =
                starting
                ?? Task {
                    let server = try await RedisProcess.start(["--cluster-enabled", "yes"])
                    let loop = RedisHarness.loops[0]
                    let client = TestConnection(loop, server)
                    _ = try await client.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
                    while try await client.ask("CLUSTER", "INFO")?.contains("cluster_state:ok") != true {}
                    return server
                }
            self.starting = starting
            return try await starting.value
        }
    }

    @Test("a node refuses keys of two slots, so this suite can fail")
    func refuses() async throws {
        let server = try await Node.shared.get()
        let client = TestConnection(RedisHarness.loops[0], server)
        await #expect(throws: TestConnection.Refused(words: "CROSSSLOT Keys in request don't hash to the same slot")) {
            _ = try await client.ask("MGET", "a", "b")
        }
        let reply = await #expect(throws: TestConnection.Refused.self) {
            _ = try await client.ask(
                "EVAL", "#!lua\nredis.call('GET', 'b'); return redis.call('GET', KEYS[1])", "1", "a")
        }
        #expect(reply?.words.contains("same slot") == true)
    }

    @Test("sessions keep the contract", arguments: SessionStoreConformance.cases, ["", "o"])
    func sessions(promise: ConformanceCase<any StoreHarness>, sharedOwner: String) async throws {
        // Time passes as it does elsewhere.
        guard !promise.name.contains("expire"), !promise.name.contains("alive") else { return }
        let harness = try await RedisHarness.open(try await Node.shared.get(), sharedOwner: sharedOwner)
        try await promise.run(on: harness)
        await harness.opened.close()
    }

    @Test("locks are granted, renewed, inspected, forced and released; turns open in one step; lists are repaired")
    func locks() async throws {
        let harness = try await RedisHarness.open(try await Node.shared.get())
        let key = LockKey(.service, owner: "o", name: "n:{x")
        let lease = try await harness.locks.acquire(
            LockRequest(key: key, token: LockToken.random(), timeToLive: .seconds(10)))
        _ = try await harness.locks.renew(key, token: lease.token, timeToLive: .seconds(10))
        #expect(try await harness.locks.inspect(key)?.fence == lease.fence)
        #expect(try await harness.locks.forceRelease(key, fence: lease.fence) != nil)
        #expect(try await harness.locks.release(key, token: lease.token) == false)
        _ = try await harness.append("t1")
        _ = try await harness.opened.repairLists()
        await harness.opened.close()
    }
}
