// How the client comes by a connection, and what it does when one drains, grows old or ends.

internal import IOLoop
internal import Wire

extension RPCClient {
    /// Addresses of one name that a round tries; a name with more is a mistake or an attack.
    private static let addressesPerNameMax = 16

    /// Connects now rather than with the first call, to learn early whether a server can be reached.
    ///
    /// - Throws: `RPCError` UNAVAILABLE with every address's failure in words, DEADLINE_EXCEEDED, CANCELLED.
    package func connect(timeout: Duration? = nil) async throws(RPCError) {
        _ = try await connection(until: timeout.map { .now + $0 }, timeout: timeout)
    }

    /// The connection to use, where that needs no waiting.
    @inline(__always)
    func readyConnection(for call: OutgoingCall) -> ClientConnection? {
        guard let active, active.takesCalls, !active.isFull else { return nil }
        if let deadline = call.deadline, deadline <= loop.now { return nil }
        return active
    }

    /// - Throws: UNAVAILABLE, DEADLINE_EXCEEDED or CANCELLED; the request was not sent.
    func connection(for call: OutgoingCall) async throws(RPCError) -> ClientConnection {
        try await connection(until: call.deadline, timeout: call.timeout)
    }

    private func connection(
        until deadline: ContinuousClock.Instant?, timeout: Duration?
    ) async throws(RPCError) -> ClientConnection {
        var rounds = 0
        while true {
            if isClosed { throw Self.closedError }
            var stage = CallStage.connect
            do {
                if let deadline, deadline <= loop.now { throw DeadlineExceeded() }
                if let active, active.takesCalls {
                    guard active.isFull else { return active }
                    stage = .write(active.address)
                    try await active.writeLine.join(until: deadline)
                } else {
                    guard rounds < options.attemptsMax else {
                        throw RPCError(
                            .unavailable, "every connection ended as soon as it was made",
                            reason: ErrorReason.notConnected)
                    }
                    rounds += 1
                    startConnecting()
                    try await connectLine.join(until: deadline)
                }
            } catch {
                throw stage.error(error, timeout: timeout)
            }
        }
    }

    /// Begins to connect, unless that is under way. No call owns this: calls come and go, with deadlines shorter than a
    /// connection takes to make, and each would begin anew what the one before had nearly reached.
    private func startConnecting() {
        guard connecting == nil, !isClosed else { return }
        // The closure takes this actor's isolation, so it runs on the loop from the start.
        connecting = Task { await self.connectWhileWanted() }
    }

    /// Tries one round over the addresses, and more, with pauses, while calls wait.
    private func connectWhileWanted() async {
        defer { connecting = nil }
        repeat {
            if let start = plan.nextRoundAt, start > loop.now {
                do { try await loop.sleep(until: start) } catch { return }
            }
            var failures: [String] = []
            if let connection = await tryRound(&failures) {
                install(connection)
                return
            }
            if Task.isCancelled { return }
            plan.roundFailed(at: loop.now, random: &random)
            connectLine.failAll(
                RPCError(
                    .unavailable, "cannot connect: \(failures.joined(separator: "; "))",
                    reason: ErrorReason.notConnected))
        } while connectLine.count > 0 && !isClosed
    }

    private func tryRound(_ failures: inout [String]) async -> ClientConnection? {
        for endpoint in plan.round() {
            var addresses: [SocketAddress]
            do {
                addresses = try await NameResolver.resolve(
                    endpoint, on: loop, until: loop.now + options.connectTimeout)
            } catch {
                if Task.isCancelled { return nil }
                failures.append(words(error, about: endpoint.description))
                continue
            }
            for address in plan.order(addresses, at: loop.now).prefix(Self.addressesPerNameMax) {
                do {
                    return try await open(address, of: endpoint)
                } catch {
                    if Task.isCancelled { return nil }
                    plan.addressFailed(address, at: loop.now)
                    failures.append(words(error, about: address.description))
                }
            }
        }
        return nil
    }

    private func open(_ address: SocketAddress, of endpoint: Endpoint) async throws -> ClientConnection {
        let stream = try await ByteStream.connect(
            to: address, on: loop, until: loop.now + options.connectTimeout, options: options.byteStream)
        var retireAt: ContinuousClock.Instant?
        if let age = options.connectionAgeMax {
            retireAt = loop.now + BackOff.jittered(age, by: options.connectionAgeJitter, random: &random)
        }
        let connection = ClientConnection(
            stream, endpoint: endpoint, retireAt: retireAt, options: options, owner: self)
        do {
            if isClosed { throw CancellationError() }
            try connection.start()
        } catch {
            stream.close()
            throw error
        }
        return connection
    }

    private func words(_ error: any Error, about place: String) -> String {
        switch error {
        case is DeadlineExceeded: "\(place): no answer within \(options.connectTimeout)"
        default: "\(place): \(error)"
        }
    }

    private func install(_ connection: ClientConnection) {
        let old = active
        active = connection
        if let old {
            retired.append(old)
            old.retire()
        }
        connectLine.serveAll()
    }

    // MARK: From the connections

    nonisolated func connectionHeard(_ connection: ObjectIdentifier) {
        assumeIsolated { client in
            guard let active = client.active, ObjectIdentifier(active) == connection else { return }
            client.plan.heard(from: active.address)
        }
    }

    nonisolated func connectionDrains(_ connection: ObjectIdentifier) {
        assumeIsolated { client in
            guard let active = client.active, ObjectIdentifier(active) == connection else { return }
            client.active = nil
            client.retired.append(active)
            client.forget(active)
            // The next call should find a connection, and there is one round only when nobody calls.
            client.startConnecting()
        }
    }

    nonisolated func connectionAged(_ connection: ObjectIdentifier) {
        assumeIsolated { client in
            guard let active = client.active, ObjectIdentifier(active) == connection else { return }
            client.startConnecting()
        }
    }

    nonisolated func connectionEnded(_ connection: ObjectIdentifier) {
        assumeIsolated { client in
            client.retired.removeAll { ObjectIdentifier($0) == connection }
            guard let active = client.active, ObjectIdentifier(active) == connection else { return }
            client.active = nil
            client.forget(active)
        }
    }

    private func forget(_ connection: ClientConnection) {
        plan.lost(
            connection.endpoint, connection.address, wasHeard: connection.wasHeard, at: loop.now, random: &random)
    }
}
