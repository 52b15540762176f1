// The store opened: a client on each loop, the two ports on them, and how it ends.

package import ChatEngine
package import IOLoop
internal import Synchronization

/// What an operator may choose.
package struct RedisStoreOptions: Sendable {
    /// Begins every key. Holds no braces, spaces or control characters; at most 64 bytes.
    package var cacheKey = "finance_app"
    /// Whose conversations other programs share, under the keys that those know.
    package var sharedOwner = ""
    package var durability = RedisDurability.none
    package var limits = RedisStoreLimits()
    package var lockLimits = RedisLockLimits()
    /// Whom to believe and who we are, where the URL says TLS.
    package var tls = TLSClientOptions()

    package init() {}

    package static func isCacheKey(_ text: String) -> Bool {
        (1...RedisKeys.cacheKeyBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "}") }
    }
}

/// Where a turn must be before its caller is told that it is stored.
package enum RedisDurability: String, Sendable, CaseIterable {
    /// In Redis, which keeps it as it is set to.
    case none
    /// Received by one replica at least, unless that takes too long: then the reply says so.
    case replica
}

/// Whether the store can be used.
package enum RedisHealth: Sendable, Equatable {
    case ready(RedisServer)
    /// Why not, for an operator.
    case away(String)
}

/// Why the store was not opened: something that does not pass by itself.
package struct RedisOpenError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Sessions and locks in Redis. Used from every loop; ends with `close()`.
package final class RedisStore: Sendable {
    package let sessions: any SessionStore
    package let locks: any LockManager
    private let loops: RedisLoops
    private let subscriber: RedisSubscriber
    /// Nil without sentinels.
    private let masterWatch: RedisSubscriber?
    private let health: HealthWatch
    private let repair: SessionRepair

    /// How long opening waits for Redis. One that is away then may come later.
    private static let openTimeLimit = Duration.seconds(3)

    /// Begins to connect and waits for the outcome, for a moment: a Redis that cannot be reached is no reason not to
    /// start, one that refuses us is.
    ///
    /// - Parameter onHealth: told of every change, on any loop.
    /// - Throws: `RedisOpenError`.
    package static func open(
        _ address: RedisAddress, loops: [IOLoop], clock: any EngineClock,
        options: RedisStoreOptions = RedisStoreOptions(),
        onHealth: @escaping @Sendable (RedisHealth) -> Void
    ) async throws(RedisOpenError) -> RedisStore {
        precondition(RedisStoreOptions.isCacheKey(options.cacheKey), "a cache key is checked before")
        var tls: TLSContext?
        if address.usesTLS {
            do {
                tls = try TLSContext(client: options.tls)
            } catch {
                throw RedisOpenError(description: "\(error)")
            }
        }
        let keys = RedisKeys(cacheKey: options.cacheKey, sharedOwner: options.sharedOwner)
        let recovery = LockRecovery(key: keys.server, leaseMax: options.lockLimits.serviceLeaseMax)
        let clientOptions = RedisClientOptions(
            address: address, tls: tls,
            prepare: { connection, server in try await recovery.meet(server, on: connection) },
            look: { connection, server in recovery.look(server, on: connection) })
        let clients = loops.map { RedisClient(clientOptions, on: $0) }
        var writes: [ReplicatedWrites] = []
        if options.durability == .replica {
            writes = loops.map { ReplicatedWrites(RedisClient(clientOptions, on: $0)) }
        }
        let redis = RedisLoops(clients, replicated: writes)
        let subscriber = RedisSubscriber(on: loops[0]) { try await clients[0].openAnother() }
        let locks = RedisLockManager(
            redis, keys: keys, subscriber: subscriber, clock: clock, limits: options.lockLimits)
        recovery.tell { [weak locks] in locks?.beQuiet(for: $0) }
        let health = HealthWatch(redis.all.count, onHealth)
        for (index, client) in redis.all.enumerated() {
            RedisLoops.on(client) { client in
                client.onStateChange = { state in
                    health.changed(index, state)
                    if case .down = state { locks.redisWentAway() }
                }
                client.start()
            }
        }
        var masterWatch: RedisSubscriber?
        if case .sentinels(_, let master) = address.place {
            masterWatch = watch(master, redis.all, on: loops[0])
        }
        let store = RedisStore(
            sessions: RedisSessionStore(redis, keys: keys, locks: locks, limits: options.limits), locks: locks,
            loops: redis, subscriber: subscriber, masterWatch: masterWatch, health: health,
            repair: SessionRepair(redis, keys: keys))
        if let refusal = await health.firstOutcome(within: openTimeLimit, clock) {
            await store.close()
            throw RedisOpenError(description: refusal)
        }
        return store
    }

    /// Listens to a sentinel for another master. A hint that may be lost: each connection is made to the one that the
    /// sentinels name then, and a server that is no master any more is left.
    private static func watch(_ master: String, _ clients: [RedisClient], on loop: IOLoop) -> RedisSubscriber {
        let subscriber = RedisSubscriber(on: loop) { try await clients[0].openSentinel() }
        subscriber.subscribe("+switch-master", as: .masterWatch) { message in
            guard let message, message.hasPrefix(master + " ") else { return }
            for client in clients {
                RedisLoops.on(client) { $0.reconnect("the sentinels name another master") }
            }
        }
        return subscriber
    }

    private init(
        sessions: any SessionStore, locks: any LockManager, loops: RedisLoops, subscriber: RedisSubscriber,
        masterWatch: RedisSubscriber?, health: HealthWatch, repair: SessionRepair
    ) {
        self.sessions = sessions
        self.locks = locks
        self.loops = loops
        self.subscriber = subscriber
        self.masterWatch = masterWatch
        self.health = health
        self.repair = repair
    }

    /// Brings the lists of sessions a little nearer to the conversations, if no other replica does it. Called again and
    /// again, one step after the other.
    ///
    /// - Returns: after how long to call it again.
    /// - Throws: `EngineError`, `CancellationError`.
    package func repairLists() async throws -> Duration { try await repair.step() }

    /// How many locks somebody here waits for or keeps.
    var channelCount: Int { subscriber.channelCount }

    /// Ends every connection. Calls that wait for an answer fail.
    package func close() async {
        health.close()
        subscriber.close()
        masterWatch?.close()
        for client in loops.all {
            // The loop never refuses: it lives as long as the process.
            try? await LoopActor(client.loop).run { _ in client.close() }
        }
    }
}

/// The health of all loops' connections together.
private final class HealthWatch: Sendable {
    private struct State {
        var clients: [RedisClientState]
        var isReady = false
        var isClosed = false
        var opening: CheckedContinuation<String?, Never>?
    }

    private let state: Mutex<State>
    private let onHealth: @Sendable (RedisHealth) -> Void

    init(_ count: Int, _ onHealth: @escaping @Sendable (RedisHealth) -> Void) {
        state = Mutex(State(clients: Array(repeating: .connecting, count: count)))
        self.onHealth = onHealth
    }

    func changed(_ index: Int, _ client: RedisClientState) {
        let (news, opening, refusal) = state.withLock { state in
            let former = state.clients[index]
            // Connecting anew is no news: it is down until it is ready.
            if client == .connecting, former != .connecting {
                return (nil as RedisHealth?, nil as Opening?, nil as String?)
            }
            state.clients[index] = client
            let news = Self.news(&state, client)
            let (isDecided, refusal) = Self.decision(state)
            var opening: Opening?
            if isDecided { swap(&opening, &state.opening) }
            return (news, opening, refusal)
        }
        if let news { onHealth(news) }
        opening?.resume(returning: refusal)
    }

    private typealias Opening = CheckedContinuation<String?, Never>

    private static func news(_ state: inout State, _ client: RedisClientState) -> RedisHealth? {
        guard !state.isClosed else { return nil }
        var server: RedisServer?
        let isReady = state.clients.allSatisfy { one in
            guard case .ready(let its) = one else { return false }
            server = its
            return true
        }
        if isReady, !state.isReady, let server {
            state.isReady = true
            return .ready(server)
        }
        if !isReady, case .down(let words, _) = client {
            // The first words count; the others of this outage say the same.
            let isNews = state.isReady
            state.isReady = false
            return isNews ? .away(words) : nil
        }
        return nil
    }

    /// Whether opening knows enough, and why Redis refuses us, if it does.
    private static func decision(_ state: State) -> (Bool, String?) {
        var isDecided = true
        for client in state.clients {
            switch client {
            case .connecting: isDecided = false
            case .ready: break
            case .down(let words, isPermanent: true): return (true, words)
            // It may come yet.
            case .down: isDecided = false
            }
        }
        return (isDecided, nil)
    }

    /// Nil when Redis is ready, or away for now.
    func firstOutcome(within limit: Duration, _ clock: any EngineClock) async -> String? {
        let timer = clock.schedule(at: clock.now + limit) { self.giveUp() }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let (isDecided, refusal) = state.withLock { state in
                let decision = Self.decision(state)
                if !decision.0 { state.opening = continuation }
                return decision
            }
            if isDecided { continuation.resume(returning: refusal) }
        }
    }

    private func giveUp() {
        let (opening, words) = state.withLock { state in
            var opening: Opening?
            swap(&opening, &state.opening)
            var words = "it does not answer"
            for case .down(let reason, _) in state.clients { words = reason }
            return (opening, words)
        }
        if let opening {
            onHealth(.away(words))
            opening.resume(returning: nil)
        }
    }

    func close() { state.withLock { $0.isClosed = true } }
}
