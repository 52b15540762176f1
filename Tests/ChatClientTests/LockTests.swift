// Locks through the client library, against a real server with scripted services.

import ChatClient
import ProtoMessages
import RPC
import Synchronization
import Testing
import Wire

@Suite("ChatClient: locks", .timeLimit(.minutes(1)))
struct LockTests {
    private struct WorkFailed: Error {}

    /// Work that ends when it is cancelled.
    private func untilCancelled() async {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
    }

    @Test("takes, renews, looks at and releases a lease")
    func lease() async throws {
        let server = try await TestServer()
        let client = try server.client()
        let lease = try await client.acquireLock("k", ttl: .seconds(5))
        #expect(lease.fence == 41)
        #expect(lease.expiresAt > .now + .seconds(3) && lease.expiresAt <= .now + .seconds(5))
        #expect(try await client.acquireLock("k", ttl: .seconds(5), token: lease.token).fence == 41)
        let other = await failure { try await client.acquireLock("k") }
        #expect(other?.isNotAcquired == true && other?.retryable == true)
        #expect(try await client.renewLock("k", token: lease.token).fence == 41)
        #expect(try await client.inspectLock("k").held)
        try await client.releaseLock("k", token: lease.token)
        #expect(await failure { try await client.releaseLock("k", token: lease.token) }?.isLost == true)
        #expect(try await client.forceReleaseLock("k", fence: 7) == "worker-7")
        #expect("\(lease.token)" == "LockToken")
        #expect(LockToken(lease.token.text) == lease.token)
        #expect(LockToken("short") == nil)
        await client.close()
        await server.stop()
    }

    @Test("runs work under a lock, renews it meanwhile, and releases it")
    func withLock() async throws {
        let server = try await TestServer()
        let client = try server.client()
        let script = server.script
        let fence = try await client.withLock("k", ttl: .seconds(6)) { lock in
            let start = ContinuousClock.now
            try await script.until { $0.renewals >= 1 }
            #expect(.now - start >= .milliseconds(1900))
            #expect(lock.isHeld)
            return lock.fence
        }
        #expect(fence == 41)
        #expect(script.read { $0.releases } == 1)
        #expect(script.read { $0.lockToken.isEmpty })
        await client.close()
        await server.stop()
    }

    @Test("does not run the work when someone else holds the lock")
    func notAcquired() async throws {
        let server = try await TestServer()
        let client = try server.client()
        _ = try await client.acquireLock("k")
        let error = await failure { try await client.withLock("k") { _ in Issue.record("the work ran") } }
        #expect(error?.isNotAcquired == true)
        #expect(server.script.read { $0.releases } == 0)
        await client.close()
        await server.stop()
    }

    @Test("cancels the work and throws LOST when the lease is taken away")
    func taken() async throws {
        let server = try await TestServer()
        let client = try server.client()
        let script = server.script
        let error = await failure {
            try await client.withLock("k", ttl: .milliseconds(150)) { lock in
                script.state.withLock { $0.isTaken = true }
                await untilCancelled()
                #expect(!lock.isHeld)
            }
        }
        #expect(error?.isLost == true)
        await client.close()
        await server.stop()
    }

    @Test("cancels the work and throws LOST when the lease cannot be renewed in time")
    func silent() async throws {
        let server = try await TestServer()
        let client = try server.client()
        server.script.state.withLock { $0.renewalsHang = true }
        let start = ContinuousClock.now
        let error = await failure {
            try await client.withLock("k", ttl: .milliseconds(200)) { lock in
                await untilCancelled()
                #expect(!lock.isHeld)
            }
        }
        #expect(error?.isLost == true)
        #expect(.now - start >= .milliseconds(190))
        await client.close()
        await server.stop()
    }

    @Test("throws LOST when the lease turns out to be gone at the end")
    func lostAtTheEnd() async throws {
        let server = try await TestServer()
        let client = try server.client()
        let script = server.script
        let error = await failure {
            try await client.withLock("k") { _ in script.state.withLock { $0.isTaken = true } }
        }
        #expect(error?.isLost == true)
        await client.close()
        await server.stop()
    }

    @Test("releases the lock when the work throws, and when the caller is cancelled")
    func releases() async throws {
        let server = try await TestServer()
        let client = try server.client()
        await #expect(throws: WorkFailed.self) { try await client.withLock("k") { _ in throw WorkFailed() } }
        #expect(server.script.read { $0.lockToken.isEmpty })
        let (isRunning, running) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await client.withLock("k") { _ in
                running.finish()
                await untilCancelled()
                return 5
            }
        }
        for await _ in isRunning {}
        task.cancel()
        #expect(try await task.value == 5)
        #expect(server.script.read { $0.lockToken.isEmpty })
        #expect(server.script.read { $0.releases } == 2)
        await client.close()
        await server.stop()
    }

    @Test("gives up a lease that it may have without knowing")
    func unknownAcquire() async throws {
        let server = try await TestServer()
        let client = try server.client { $0.attemptsMax = 1 }
        server.script.state.withLock { $0.errors = [RPCError(.unavailable, "the store is gone")] }
        let error = await failure { try await client.withLock("k") { _ in Issue.record("the work ran") } }
        #expect(error?.code == .unavailable)
        #expect(server.script.read { $0.releases } == 1)
        await client.close()
        await server.stop()
    }

    @Test("reads a held lock's events, and takes silence for loss")
    func hold() async throws {
        let server = try await TestServer()
        let client = try server.client()
        server.script.state.withLock {
            $0.holdEvents = [
                HoldLockEvent(event: .granted(LockGranted(fence: 9, expiresInMilliseconds: 5000))),
                HoldLockEvent(event: .renewed(LockRenewed(expiresInMilliseconds: 50))),
            ]
        }
        var events: [HoldLockEvent.Event] = []
        let error = await failure { for try await event in client.holdLock("k") { events.append(event) } }
        #expect(events.count == 2)
        #expect(error?.isLost == true)
        server.script.state.withLock {
            $0.holdEvents.append(HoldLockEvent(event: .lost(LockLost(reason: .forced))))
        }
        events = []
        for try await event in client.holdLock("k") { events.append(event) }
        #expect(events.last == .lost(LockLost(reason: .forced)))
        await client.close()
        await server.stop()
    }
}
