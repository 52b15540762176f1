// What happened to Redis while nobody looked. A server that was restarted or took over may have forgotten leases that
// still run; until they are surely over, no lock of the lock service is granted.

internal import Synchronization

/// Compares each server that a connection meets with those before. From every loop.
final class LockRecovery: Sendable {
    private struct State {
        /// The server that served this process last.
        var identity: String?
        var beQuiet: (@Sendable (Duration) -> Void)?
    }

    private let key: String
    private let leaseMax: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - key: where the server that was seen last is noted, for replicas of this program that start later.
    ///   - leaseMax: no lease of the lock service is longer.
    init(key: String, leaseMax: Duration) {
        self.key = key
        self.leaseMax = leaseMax
    }

    func tell(_ beQuiet: @escaping @Sendable (Duration) -> Void) { state.withLock { $0.beQuiet = beQuiet } }

    /// Called on a new connection, before it is used.
    ///
    /// - Throws: `HandshakeFailure` where the server is a replica.
    func meet(_ server: RedisServer, on connection: RedisConnection) async throws {
        guard server.isMaster else { throw HandshakeFailure(words: "this Redis is a replica") }
        let wasOther = state.withLock { $0.identity.map { !server.continues($0) } ?? false }
        let reply = try RedisConnection.check(try await connection.ask(note(server, wasOther: wasOther)))
        state.withLock { $0.identity = server.identity }
        obey(reply.value)
    }

    /// Called again and again on a connection that is used. This process may have been the first to meet a server that
    /// forgot everything, and not know what another one knows, which comes a little later and says so.
    func look(_ server: RedisServer, on connection: RedisConnection) {
        connection.send(note(server, wasOther: false)) { [self] result in
            if case .success(let reply) = result { obey(reply.value) }
        }
    }

    private func note(_ server: RedisServer, wasOther: Bool) -> RedisCommand {
        var call = ScriptCall(.noteServer, keys: [key])
        call.add(server.identity)
        call.add(wasOther ? "1" : "0")
        call.add(leaseMax.components.seconds * 1000)
        return call.whole
    }

    private func obey(_ reply: RedisValue) {
        let left = Duration.microseconds(reply[0]?.integer ?? 0)
        if left > .zero { state.withLock { $0.beQuiet }?(left) }
    }
}
