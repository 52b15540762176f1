// One event loop's way to Redis: a connection that is made, watched and made anew. Used on its loop only.

internal import IOLoop

/// What a client was told of Redis.
package enum RedisClientState: Sendable, Equatable {
    case connecting
    case ready(RedisServer)
    /// Why, for an operator. `isPermanent` when waiting will not help.
    case down(String, isPermanent: Bool)
}

/// How to come by a connection.
struct RedisClientOptions: Sendable {
    var address: RedisAddress
    /// Nil for plain TCP.
    var tls: TLSContext?
    /// As `CLIENT LIST` shows it.
    var name = "chatd"
    /// Runs on each new connection before it is used. Throws `HandshakeFailure` where the server is not to be used,
    /// such as a replica.
    var prepare: @Sendable (RedisConnection, RedisServer) async throws -> Void = { _, _ in }
    /// Runs on a connection that is used, with each heartbeat that found its server as it was.
    var look: @Sendable (RedisConnection, RedisServer) -> Void = { _, _ in }
}

/// Sends commands over one pipelined connection. Calls fail at once while there is none, except for a moment after it
/// was lost.
final class RedisClient: @unchecked Sendable {
    // Because it is used on its loop alone, which every entry point checks.
    typealias Done = (Result<RedisReply, RedisFailure>) -> Void

    private enum State {
        case idle
        /// Calls wait for the first attempt after a loss, and not for those after a failure.
        case connecting(afterFailure: Bool)
        case ready(RedisConnection)
        case pausing(LoopTimer)
        case closed
    }

    private struct Held {
        var start: (RedisConnection?) -> Void
    }

    let loop: IOLoop
    private let options: RedisClientOptions
    private var state = State.idle
    private var downWords = "it was not connected yet"
    private var failures = 0
    private var heartbeat: LoopTimer?
    /// Calls that came while the first attempt after a loss ran, by an id for their timer.
    private var held: [UInt64: Held] = [:]
    private var lastHeld: UInt64 = 0
    private var random = SystemRandomNumberGenerator()
    /// The sentinel that answered last goes first.
    private var sentinelOrder: [Endpoint] = []
    /// Told on the loop.
    var onStateChange: ((RedisClientState) -> Void)?
    /// Of each script, as the server names it; the same on every server.
    private(set) var scriptHashes: [RedisScript: String] = [:]

    init(_ options: RedisClientOptions, on loop: IOLoop) {
        self.options = options
        self.loop = loop
        if case .sentinels(let endpoints, _) = options.address.place { sentinelOrder = endpoints }
    }

    // MARK: Commands

    /// Sends a command. `done` is called exactly once, on the loop, perhaps before this returns.
    func send(_ command: RedisCommand, _ done: @escaping Done) {
        withConnection(done) { client, connection in
            connection.send(command) { client.finish($0, on: connection, done) }
        }
    }

    /// Runs a script, by its hash; whole where the server forgot it, which tells before it did anything.
    func run(_ call: ScriptCall, _ done: @escaping Done) {
        withConnection(done) { client, connection in
            guard let hash = client.scriptHashes[call.script] else {
                return connection.send(call.whole) { client.finish($0, on: connection, done) }
            }
            connection.send(call.byHash(hash)) { result in
                if case .failure(.error(.scriptMissing)) = result {
                    return connection.send(call.whole) { client.finish($0, on: connection, done) }
                }
                client.finish(result, on: connection, done)
            }
        }
    }

    private func withConnection(_ done: @escaping Done, _ body: @escaping (RedisClient, RedisConnection) -> Void) {
        loop.preconditionOnLoop()
        switch state {
        case .ready(let connection):
            body(self, connection)
        case .connecting(afterFailure: false):
            hold(done, body)
        case .idle, .connecting, .pausing, .closed:
            done(.failure(.unavailable(downWords)))
        }
    }

    /// Keeps a call until there is a connection, for a moment.
    private func hold(_ done: @escaping Done, _ body: @escaping (RedisClient, RedisConnection) -> Void) {
        guard held.count < RedisLimits.pipelineCommandsMax else { return done(.failure(.overloaded)) }
        lastHeld += 1
        let id = lastHeld
        let timer = loop.schedule(at: loop.now + RedisLimits.readyWaitMax) { [weak self] in
            self?.held.removeValue(forKey: id)?.start(nil)
        }
        // Gone with the list that it is in, so this is no cycle that lasts.
        held[id] = Held { [self] connection in
            timer.cancel()
            if let connection { body(self, connection) } else { done(.failure(.unavailable(downWords))) }
        }
    }

    private func serveHeld(_ connection: RedisConnection?) {
        let waiting = held.sorted { $0.key < $1.key }
        held = [:]
        for (_, call) in waiting { call.start(connection) }
    }

    private func finish(
        _ result: Result<RedisReply, RedisConnection.ErrorOrEnd>, on connection: RedisConnection, _ done: Done
    ) {
        switch result {
        case .success(let reply): done(.success(reply))
        case .failure(.end(let failure)): done(.failure(failure))
        case .failure(.error(let meaning)):
            switch meaning {
            case .wrongServer(let words):
                // Another connection may lead to a better one.
                connection.end(words)
                done(.failure(.unavailable(words)))
            case .later(let words): done(.failure(.unavailable(words)))
            case .outOfMemory: done(.failure(.outOfMemory))
            case .scriptMissing: done(.failure(.refused("NOSCRIPT")))
            case .refused(let code): done(.failure(.refused(code)))
            }
        }
    }

    // MARK: Connecting

    /// Begins to connect, and stays connected until `close`.
    func start() {
        loop.preconditionOnLoop()
        guard case .idle = state else { return }
        connect(afterFailure: false)
    }

    /// Ends the connection, and whatever waits for an answer.
    func close() {
        loop.preconditionOnLoop()
        let former = state
        heartbeat?.cancel()
        onStateChange = nil
        state = .closed
        downWords = "the server ends"
        switch former {
        case .ready(let connection): connection.close()
        case .pausing(let timer): timer.cancel()
        case .idle, .connecting, .closed: break
        }
        serveHeld(nil)
    }

    /// Lets go of the connection, so that a better one is made: sentinels name another master.
    func reconnect(_ words: String) {
        loop.preconditionOnLoop()
        if case .ready(let connection) = state { connection.end(words) }
    }

    private func connect(afterFailure: Bool) {
        state = .connecting(afterFailure: afterFailure)
        onStateChange?(.connecting)
        let actor = LoopActor(loop)
        // No call owns this: calls come and go, with deadlines shorter than a connection takes to make.
        Task { try? await actor.run { _ in await self.tryOnce() } }
    }

    private func tryOnce() async {
        do {
            let (connection, server) = try await open()
            guard case .connecting = state else { return connection.close() }
            failures = 0
            connection.onEnd = { [weak self] words in self?.lost(words) }
            guard connection.isOpen else { throw HandshakeFailure(words: "Redis closed the connection at once") }
            state = .ready(connection)
            onStateChange?(.ready(server))
            serveHeld(connection)
            watch(connection, server.identity)
        } catch {
            guard case .connecting = state else { return }
            failed(error)
        }
    }

    /// Asks again and again until the connection ends.
    private func watch(_ connection: RedisConnection, _ identity: String) {
        let next = loop.now + RedisLimits.heartbeatInterval
        nonisolated(unsafe) let connection = connection  // Timers of this loop run on this loop.
        heartbeat = loop.schedule(at: next) { [weak self] in
            connection.send(RedisServer.information) { result in
                switch result {
                case .success(let reply):
                    let server = RedisServer(info: reply.value.text ?? "")
                    guard server.isMaster else { return connection.end("this Redis is a replica") }
                    guard server.continues(identity) else { return connection.end("this Redis was promoted") }
                    self?.options.look(connection, server)
                case .failure(.error(.wrongServer(let words))): return connection.end(words)
                // A full pipeline, a slow script: asked again.
                case .failure: break
                }
                if connection.isOpen { self?.watch(connection, identity) }
            }
        }
    }

    private func failed(_ error: any Error) {
        failures += 1
        let failure = Self.failure(error)
        downWords = failure.words
        onStateChange?(.down(failure.words, isPermanent: failure.isPermanent))
        let doubled = RedisLimits.backOffMin * (1 << min(failures - 1, 5))
        let pause = min(doubled, RedisLimits.backOffMax) * Double.random(in: 0.5...1, using: &random)
        state = .pausing(loop.schedule(at: loop.now + pause) { [weak self] in self?.connect(afterFailure: true) })
        serveHeld(nil)
    }

    private func lost(_ words: String) {
        guard case .ready = state else { return }
        downWords = words
        onStateChange?(.down(words, isPermanent: false))
        connect(afterFailure: false)
    }

    private static func failure(_ error: any Error) -> HandshakeFailure {
        switch error {
        case let failure as HandshakeFailure: failure
        case is DeadlineExceeded: HandshakeFailure(words: "no connection within \(RedisLimits.connectTimeLimit)")
        case let error as ResolveError: HandshakeFailure(words: "\(error)")
        case let error as SystemError: HandshakeFailure(words: "\(error)")
        case let end as ByteStreamEnd: HandshakeFailure(words: "\(end)")
        default: HandshakeFailure(words: "connecting failed with \(type(of: error))")
        }
    }

    // MARK: One connection

    private func open() async throws -> (RedisConnection, RedisServer) {
        let connection = try await openAny(try await masterEndpoint())
        do {
            try await connection.introduce(options.address, name: options.name)
            let server = try await connection.describeServer()
            guard server.isNewEnough else {
                throw HandshakeFailure(
                    words: "this is Redis \(server.version), and chatd needs 7.0 or later", isPermanent: true)
            }
            for script in RedisScript.allCases {
                let reply = try RedisConnection.check(
                    try await connection.ask(RedisCommand("SCRIPT", "LOAD", script.text)))
                scriptHashes[script] = reply.value.text
            }
            try await options.prepare(connection, server)
            return (connection, server)
        } catch {
            connection.close()
            // What TLS has to say does not pass by itself.
            if let words = connection.filterFailure { throw HandshakeFailure(words: words, isPermanent: true) }
            throw error
        }
    }

    /// A connection of the same kind, for a part that needs one of its own. The caller closes it.
    func openAnother() async throws -> RedisConnection {
        let connection = try await openAny(try await masterEndpoint())
        do {
            try await connection.introduce(options.address, name: options.name)
            return connection
        } catch {
            connection.close()
            throw error
        }
    }

    private func openAny(_ endpoint: Endpoint) async throws -> RedisConnection {
        let deadline = loop.now + RedisLimits.connectTimeLimit
        let addresses = try await NameResolver.resolve(endpoint, on: loop, until: deadline)
        var last: any Error = HandshakeFailure(words: "\(endpoint) has no address")
        for address in addresses.prefix(RedisLimits.addressesMax) {
            do {
                return try await connect(to: address, of: endpoint, until: deadline)
            } catch let error as CancellationError {
                throw error
            } catch {
                last = error
            }
        }
        throw last
    }

    private func connect(
        to address: SocketAddress, of endpoint: Endpoint, until deadline: ContinuousClock.Instant
    ) async throws -> RedisConnection {
        var filter: (any ByteStreamFilter)?
        if let tls = options.tls, case .host(let host, _) = endpoint {
            do {
                filter = try tls.makeClientFilter(serverName: host)
            } catch {
                throw HandshakeFailure(words: "\(error)", isPermanent: true)
            }
        }
        var stream = ByteStreamOptions()
        stream.highWaterBytes = RedisLimits.pipelineBytesMax
        stream.writeTimeout = RedisLimits.commandTimeLimit
        return try RedisConnection(
            try await ByteStream.connect(to: address, on: loop, until: deadline, options: stream, filter: filter),
            isSealed: filter != nil)
    }

    // MARK: Sentinels

    /// A connection to a sentinel, for whoever listens to it. The caller closes it.
    func openSentinel() async throws -> RedisConnection {
        var last: any Error = HandshakeFailure(words: "there is no sentinel")
        for sentinel in sentinelOrder {
            do {
                return try await openAny(sentinel)
            } catch let error as CancellationError {
                throw error
            } catch {
                last = error
            }
        }
        throw last
    }

    /// Where the master is now: asked anew for each connection, since it moves.
    private func masterEndpoint() async throws -> Endpoint {
        guard case .sentinels(_, let master) = options.address.place else {
            guard case .server(let endpoint) = options.address.place else {
                preconditionFailure("a place is a server or sentinels")
            }
            return endpoint
        }
        var (words, isUnknown) = ("there is no sentinel", false)
        for sentinel in sentinelOrder {
            do {
                guard let endpoint = try await ask(sentinel, for: master) else {
                    isUnknown = true
                    continue
                }
                sentinelOrder.removeAll { $0 == sentinel }
                sentinelOrder.insert(sentinel, at: 0)
                return endpoint
            } catch let error as CancellationError {
                throw error
            } catch {
                words = "no sentinel answers: \(Self.failure(error).words)"
            }
        }
        throw HandshakeFailure(words: isUnknown ? "no sentinel knows the master" : words)
    }

    private func ask(_ sentinel: Endpoint, for master: String) async throws -> Endpoint? {
        let deadline = loop.now + RedisLimits.sentinelTimeLimit
        let addresses = try await NameResolver.resolve(sentinel, on: loop, until: deadline)
        guard let address = addresses.first else { return nil }
        let connection = try await connect(to: address, of: sentinel, until: deadline)
        defer { connection.close() }
        let reply = try RedisConnection.check(
            try await connection.ask(
                RedisCommand("SENTINEL", "get-master-addr-by-name", master), timeLimit: RedisLimits.sentinelTimeLimit))
        guard let host = reply.value[0]?.text, let port = reply.value[1]?.integer.flatMap({ UInt16(exactly: $0) })
        else { return nil }
        return .host(host, port: port)
    }
}
