// The store that the operator named, opened: its two ports, and how it ends.

internal import ChatEngine
internal import IOLoop
internal import Logging
internal import RedisStore
internal import SQLiteStore

struct StoreChoice: Sendable {
    let sessions: any SessionStore
    let locks: any LockManager
    /// Nil for all but a file.
    private let file: StoreFile?
    /// Nil for all but Redis.
    private let redis: RedisStore?

    private init(
        sessions: any SessionStore, locks: any LockManager, file: StoreFile? = nil, redis: RedisStore? = nil
    ) {
        self.sessions = sessions
        self.locks = locks
        self.file = file
        self.redis = redis
    }

    private struct StoreFile {
        var store: SQLiteStore
        var path: String
    }

    /// Opens it. Blocks while a file is read: called before the first loop serves.
    ///
    /// - Parameters:
    ///   - loops: those that calls run on.
    ///   - state: told when the store goes away and comes back.
    /// - Throws: `ChatServerApp.StartError` with one line for the operator.
    static func open(
        _ configuration: ServerConfiguration, loops: [IOLoop], clock: LoopClock, state: ServerState, logger: Logger
    ) async throws -> StoreChoice {
        switch configuration.store {
        case .memory:
            let locks = InMemoryLockManager(clock: clock)
            return StoreChoice(sessions: InMemorySessionStore(locks: locks, clock: clock), locks: locks)
        case .sqlite(let path):
            do {
                let store = try SQLiteStore.open(path, clock: clock) { health in
                    switch health {
                    case .failing(let words): logger.error("the store cannot store", metadata: ["because": "\(words)"])
                    case .sound: logger.notice("the store works again")
                    }
                }
                // The file is ours now, so no other process copies it.
                StoreCopy.removeLeftover(beside: path)
                return StoreChoice(
                    sessions: store.sessions, locks: store.locks, file: StoreFile(store: store, path: path))
            } catch let error as StoreOpenError {
                throw ChatServerApp.StartError(description: error.description)
            }
        case .redis(let url):
            return try await openRedis(url, configuration, loops: loops, clock: clock, state: state, logger: logger)
        }
    }

    private static func openRedis(
        _ url: String, _ configuration: ServerConfiguration, loops: [IOLoop], clock: LoopClock, state: ServerState,
        logger: Logger
    ) async throws -> StoreChoice {
        var options = RedisStoreOptions()
        options.cacheKey = configuration.redis.cacheKey
        options.durability = configuration.redis.waitsForReplica ? .replica : .none
        options.tls = TLSClientOptions(
            authoritiesFile: configuration.redis.authoritiesFile,
            certificateFile: configuration.redis.certificateFile, keyFile: configuration.redis.keyFile)
        options.lockLimits.serviceLeaseMax = configuration.locks.ttlMax
        let address: RedisAddress
        do throws(RedisAddress.Malformed) {
            address = try RedisAddress(url)
        } catch {
            throw ChatServerApp.StartError(description: "the store \(configuration.store.shown) \(error.words)")
        }
        do throws(RedisOpenError) {
            let store = try await RedisStore.open(address, loops: loops, clock: clock, options: options) { health in
                report(health, state, logger)
            }
            return StoreChoice(sessions: store.sessions, locks: store.locks, redis: store)
        } catch {
            throw ChatServerApp.StartError(
                description: "the store \(configuration.store.shown) cannot be used: \(error)")
        }
    }

    private static func report(_ health: RedisHealth, _ state: ServerState, _ logger: Logger) {
        switch health {
        case .ready(let server):
            state.storeChanged(isAway: false)
            logger.notice("the store can be used", metadata: ["redis": "\(server.version)"])
            if server.maxmemoryPolicy != "noeviction" {
                logger.warning(
                    "a Redis whose memory is full may remove conversations; set maxmemory-policy noeviction",
                    metadata: ["maxmemory-policy": "\(server.maxmemoryPolicy)"])
            }
        case .away(let words):
            state.storeChanged(isAway: true)
            logger.error("the store cannot be used", metadata: ["because": "\(words)"])
        }
    }

    /// A copy of the whole store; nil where there is no file to copy. Ends with its task's cancellation. One at a time.
    ///
    /// - Throws: `EngineError`, `CancellationError`.
    func copy(logger: Logger) async throws -> StoreCopy? {
        guard let file else { return nil }
        StoreCopy.removeLeftover(beside: file.path)
        do {
            try await file.store.copy(to: StoreCopy.path(beside: file.path))
        } catch let error as StoreOpenError {
            // Its words name the path, which is no caller's affair.
            logger.error("the store was not copied", metadata: ["because": "\(error.description)"])
            throw StoreCopy.failure("made")
        }
        return try StoreCopy(takingOver: file.path)
    }

    /// Does a little of what keeps the lists of sessions true, where other programs write to the store, too.
    ///
    /// - Returns: after how long to do more; nil where there is never anything to do.
    func repairLists() async throws -> Duration? { try await redis?.repairLists() }

    /// Lets go of the file or the connections, after the last call. Blocks its thread for a moment: not called on a
    /// loop.
    func close() async {
        await file?.store.close()
        await redis?.close()
    }
}
