// The part of a server that lives on one loop: its connections, looked over once a second, and its listeners.

internal import IOLoop
internal import Logging

/// The connections of one loop. The server has one shard per loop.
actor ServerShard {
    nonisolated let loop: IOLoop
    private let setup: ServerSetup
    private let connectionCount: ConnectionCount
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private var listeners: [Listener] = []
    private var sweepTimer: LoopTimer?
    private var isDraining = false
    /// Those who wait for the last connection to go.
    private var drainWaiters: [Waiter<Void>] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(on loop: IOLoop, setup: ServerSetup, connectionCount: ConnectionCount) {
        self.loop = loop
        self.setup = setup
        self.connectionCount = connectionCount
    }

    // MARK: Listening

    /// Listens here and gives each connection to the shard that `choose` names.
    func listen(
        on address: SocketAddress, choose: @escaping @Sendable () -> ServerShard
    ) throws -> SocketAddress {
        precondition(!isDraining, "a draining server does not listen")
        let (logger, count, limit) = (setup.logger, connectionCount, setup.limits.connectionsMax)
        let observer = setup.observer
        let listener = try Listener(
            address, on: loop,
            accepted: { descriptor, peer in
                guard count.take(upTo: limit) else {
                    // Closing is the answer: the client fails over, and memory stays bounded.
                    observer?.connectionRefused()
                    return logger.debug(
                        "connection refused: the limit is reached", metadata: ["connections_max": "\(limit)"])
                }
                observer?.connectionAccepted()
                choose().accept(descriptor.release(), peer)
            },
            troubled: { logger.warning("cannot accept connections, waiting", metadata: ["error": "\($0)"]) })
        listeners.append(listener)
        return listener.address
    }

    /// Takes ownership of an accepted socket. From any loop.
    private nonisolated func accept(_ descriptor: Int32, _ peer: SocketAddress) {
        if loop.isCurrent {
            assumeIsolated { $0.serve(descriptor, peer) }
        } else {
            loop.execute { self.assumeIsolated { $0.serve(descriptor, peer) } }
        }
    }

    private func serve(_ descriptor: Int32, _ peer: SocketAddress) {
        let stream = ByteStream(OwnedDescriptor(descriptor), peer: peer, on: loop, options: setup.limits.streamOptions)
        let connection = ServerConnection(stream, setup: setup) { [weak self] connection in
            self?.assumeIsolated { $0.forget(connection) }
        }
        connections[ObjectIdentifier(connection)] = connection
        connection.assumeIsolated { $0.start() }
        if isDraining { connection.assumeIsolated { $0.drain() } }
        scheduleSweep()
    }

    private func forget(_ connection: ServerConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        connectionCount.giveBack()
        if connections.isEmpty {
            for waiter in drainWaiters { waiter.resume(returning: ()) }
            drainWaiters = []
        }
    }

    // MARK: Looking over

    /// Only while there are connections, so that an idle server sleeps.
    private func scheduleSweep() {
        guard sweepTimer == nil, !connections.isEmpty else { return }
        sweepTimer = loop.schedule(at: loop.now + setup.limits.sweepInterval) { [weak self] in
            self?.assumeIsolated { $0.sweep() }
        }
    }

    private func sweep() {
        sweepTimer = nil
        for connection in Array(connections.values) { connection.assumeIsolated { $0.sweep() } }
        scheduleSweep()
    }

    // MARK: Ending

    func closeListeners() {
        for listener in listeners { listener.close() }
        listeners = []
    }

    /// Begins no more calls and tells the clients.
    func beginDrain() {
        isDraining = true
        for connection in Array(connections.values) { connection.assumeIsolated { $0.drain() } }
    }

    /// Returns when the last connection of a draining shard has gone, and with it the last call.
    ///
    /// - Throws: `DeadlineExceeded` when some are left at `deadline`; `CancellationError`.
    func waitUntilEmpty(until deadline: ContinuousClock.Instant) async throws {
        precondition(isDraining, "only a draining shard empties")
        try await wait(on: loop, until: deadline) { waiter in
            if connections.isEmpty { waiter.resume(returning: ()) } else { drainWaiters.append(waiter) }
        }
    }

    /// Ends all connections and their calls now.
    func abort() {
        isDraining = true
        for connection in Array(connections.values) { connection.assumeIsolated { $0.abort() } }
    }

    var count: Int { connections.count }
}
