// The server: listeners, and connections spread over loops. Everything about one connection happens on its own loop.

package import IOLoop
package import Logging
internal import Synchronization

/// Serves a router's methods. Made once; ends with `drain` or `abort`.
package final class RPCServer: Sendable {
    private let shards: [ServerShard]
    private let connectionCount = ConnectionCount()

    /// - Parameters:
    ///   - loops: connections are dealt out to them in turn.
    ///   - convertError: turns what a method threw into the answer's error; `RPCError`, protobuf's errors and
    /// cancellation are converted already.
    package init(
        loops: [IOLoop], router: Router, limits: ServerLimits = ServerLimits(), logger: Logger,
        observer: (any ServerObserver)? = nil, convertError: @escaping @Sendable (any Error) -> RPCError? = { _ in nil }
    ) {
        precondition(!loops.isEmpty, "a server needs a loop")
        let setup = ServerSetup(
            router: router, limits: limits, logger: logger, observer: observer,
            convertError: { RPCError(thrown: $0, convert: convertError, logger: logger) })
        let heldBytesMax = limits.heldBytesMax / loops.count
        shards = loops.map { [connectionCount] in
            ServerShard(on: $0, setup: setup, connectionCount: connectionCount, heldBytesMax: heldBytesMax)
        }
    }

    /// Listens on an address; port 0 picks a free one.
    ///
    /// - Returns: the address in use.
    /// - Throws: `SystemError`.
    package func listen(on address: SocketAddress) async throws -> SocketAddress {
        // The listener holds what it needs, and not this object: a connection may still come while the last reference
        // goes.
        let turn = ShardTurn(shards)
        return try await shards[0].listen(on: address) { turn.next() }
    }

    /// Stops accepting, tells the clients, and returns when the running calls have ended and the connections are gone.
    ///
    /// - Returns: false when calls were still running at `deadline`; they are then aborted.
    package func drain(until deadline: ContinuousClock.Instant) async -> Bool {
        await shards[0].closeListeners()
        // All shards first: each begins to drain when asked, and they wait side by side only if asked before the
        // waiting.
        for shard in shards { await shard.beginDrain() }
        var isClean = true
        for shard in shards {
            do {
                try await shard.waitUntilEmpty(until: deadline)
            } catch {
                isClean = false
            }
        }
        if !isClean { await abort() }
        return isClean
    }

    /// Ends all connections and their calls now.
    package func abort() async {
        await shards[0].closeListeners()
        for shard in shards { await shard.abort() }
    }

    /// Open connections.
    package var connections: Int { connectionCount.value }
}

/// Deals connections out to the shards in turn.
private final class ShardTurn: Sendable {
    private let shards: [ServerShard]
    private let count = Atomic(0)

    init(_ shards: [ServerShard]) { self.shards = shards }

    // Relaxed: the number guards nothing but itself.
    func next() -> ServerShard { shards[count.wrappingAdd(1, ordering: .relaxed).oldValue % shards.count] }
}

/// The number of open connections, shared by all shards.
final class ConnectionCount: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    /// Counts one more unless `limit` is reached.
    func take(upTo limit: Int) -> Bool {
        // Relaxed: the number guards nothing but itself.
        if count.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        count.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    func giveBack() { count.wrappingSubtract(1, ordering: .relaxed) }
}
