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
    private var memory: HeldMemory
    private var isReliefDue = false
    /// Connections that may make room, the one that was silent for longest last: whoever floods the server with new
    /// ones must not have it look at all of them for each.
    private var silentLongest: [(ObjectIdentifier, since: ContinuousClock.Instant)] = []
    /// Until then no connection is silent for long enough to make room.
    private var noRoomUntil: ContinuousClock.Instant?
    /// Those who wait for the last connection to go.
    private var drainWaiters: [Waiter<Void>] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// - Parameter heldBytesMax: this shard's part of the server's.
    init(on loop: IOLoop, setup: ServerSetup, connectionCount: ConnectionCount, heldBytesMax: Int) {
        memory = HeldMemory(bytesMax: heldBytesMax)
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
                let shard = choose()
                guard count.take(upTo: limit) else { return shard.acceptAtLimit(descriptor.release(), peer) }
                observer?.connectionAccepted()
                shard.accept(descriptor.release(), peer)
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

    /// Takes ownership of a socket that is one too many: it is served if one of this shard's connections makes room for
    /// it.
    private nonisolated func acceptAtLimit(_ descriptor: Int32, _ peer: SocketAddress) {
        loop.execute { self.assumeIsolated { $0.serveAtLimit(OwnedDescriptor(descriptor), peer) } }
    }

    private func serveAtLimit(_ descriptor: consuming OwnedDescriptor, _ peer: SocketAddress) {
        let limit = setup.limits.connectionsMax
        makeRoom()
        guard connectionCount.take(upTo: limit) else {
            // Closing is the answer: the client fails over, and memory stays bounded.
            setup.observer?.connectionRefused()
            return setup.logger.debug(
                "connection refused: the limit is reached", metadata: ["connections_max": "\(limit)"])
        }
        setup.observer?.connectionAccepted()
        serve(descriptor.release(), peer)
    }

    /// Closes the connection that was silent for longest, if that was long enough. Else clients that connect and say
    /// nothing would keep all others out.
    private func makeRoom() {
        while let (id, since) = silentLongest.popLast() {
            // It may have spoken since the list was made, or be gone.
            guard let connection = connections[id], connection.assumeIsolated({ $0.silentSince }) == since else {
                continue
            }
            setup.logger.debug("a silent connection makes room for a new one")
            return connection.assumeIsolated { $0.abort() }
        }
        let now = loop.now
        if let noRoomUntil, now < noRoomUntil { return }
        let silent = connections.compactMap { id, connection in
            connection.assumeIsolated { $0.silentSince }.map { (id, $0) }
        }
        let longEnough = now - setup.limits.silenceMakesRoom
        silentLongest = silent.filter { $0.1 <= longEnough }.sorted { $0.1 > $1.1 }
        if silentLongest.isEmpty {
            noRoomUntil = (silent.map(\.1).min() ?? now) + setup.limits.silenceMakesRoom
        } else {
            makeRoom()
        }
    }

    private func serve(_ descriptor: Int32, _ peer: SocketAddress) {
        let stream = ByteStream(OwnedDescriptor(descriptor), peer: peer, on: loop, options: setup.limits.streamOptions)
        let owner = ServerConnection.Owner(
            heldChanged: { [weak self] difference in self?.assumeIsolated { $0.heldChanged(by: difference) } },
            ended: { [weak self] connection in self?.assumeIsolated { $0.forget(connection) } })
        let connection = ServerConnection(stream, setup: setup, owner: owner)
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

    // MARK: What the connections hold

    private func heldChanged(by difference: Int) {
        guard memory.change(by: difference), !isReliefDue else { return }
        isReliefDue = true
        // Not from within a connection's own call.
        loop.execute { self.assumeIsolated { $0.relieve() } }
    }

    /// Closes the connections that have been stuck for longest until there is room again.
    private func relieve() {
        isReliefDue = false
        guard memory.bytes > memory.bytesMax else { return }
        let holders = connections.values.compactMap { connection in
            connection.assumeIsolated { $0.held }.map {
                HeldMemory.Holder(id: connection, bytes: $0.bytes, since: $0.since)
            }
        }
        let victims = memory.victims(among: holders)
        setup.logger.warning(
            "too much memory waits for slow peers; those that were stuck for longest are closed",
            metadata: ["closed": "\(victims.count)", "held_bytes_max": "\(memory.bytesMax)"])
        for connection in victims { connection.assumeIsolated { $0.abort() } }
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
