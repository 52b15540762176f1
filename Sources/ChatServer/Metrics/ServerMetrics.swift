// Every metric of the server, by name, in one place. An instance is passed to whoever counts; nothing looks metrics up
// by name on the way of a call.
//
// Names follow Prometheus: the unit last, `_total` for what only grows. Durations are handed over in nanoseconds, as
// swift-metrics' timers take them, and exported in seconds.

package import Metrics

/// The server's counters, gauges and timers. Safe from any thread; recording allocates nothing.
package struct ServerMetrics: Sendable {
    // Connections.
    package let connectionsOpen: Meter
    package let connectionsAccepted: Counter
    package let connectionsRefused: Counter
    package let callsRefused: Counter
    package let receivedBytes: Counter
    package let sentBytes: Counter

    // Turns: where the time of one goes.
    package let turnQueueDuration: Timer
    package let turnLockDuration: Timer
    package let turnStoreDuration: Timer
    package let turnFirstTokenDuration: Timer
    package let turnDuration: Timer
    package let turnsReplayed: Counter

    // Models.
    package let modelInputTokens: Counter
    package let modelOutputTokens: Counter
    package let modelRequestsFailed: Counter

    // Locks.
    package let lockWaitDuration: Timer
    package let locksAcquired: Counter
    package let locksRefused: Counter
    package let locksLost: Counter

    private let factory: any MetricsFactory

    /// - Parameter factory: where values go; by default what the program set up, which may be nowhere.
    package init(factory: any MetricsFactory = MetricsSystem.factory) {
        func counter(_ name: String, _ dimensions: [(String, String)] = []) -> Counter {
            Counter(label: name, dimensions: dimensions, factory: factory)
        }
        func timer(_ name: String, _ dimensions: [(String, String)] = []) -> Timer {
            Timer(label: name, dimensions: dimensions, preferredDisplayUnit: .seconds, factory: factory)
        }
        self.factory = factory
        connectionsOpen = Meter(label: "chat_rpc_connections", factory: factory)
        connectionsAccepted = counter("chat_rpc_connections_accepted_total")
        connectionsRefused = counter("chat_rpc_connections_refused_total")
        callsRefused = counter("chat_rpc_calls_refused_total")
        receivedBytes = counter("chat_rpc_received_bytes_total")
        sentBytes = counter("chat_rpc_sent_bytes_total")
        turnQueueDuration = timer("chat_turn_phase_duration_seconds", [("phase", "queue")])
        turnLockDuration = timer("chat_turn_phase_duration_seconds", [("phase", "lock")])
        turnStoreDuration = timer("chat_turn_phase_duration_seconds", [("phase", "store")])
        turnFirstTokenDuration = timer("chat_turn_phase_duration_seconds", [("phase", "first_token")])
        turnDuration = timer("chat_turn_duration_seconds")
        turnsReplayed = counter("chat_turns_replayed_total")
        modelInputTokens = counter("chat_model_tokens_total", [("kind", "input")])
        modelOutputTokens = counter("chat_model_tokens_total", [("kind", "output")])
        modelRequestsFailed = counter("chat_model_requests_failed_total")
        lockWaitDuration = timer("chat_lock_wait_duration_seconds")
        locksAcquired = counter("chat_locks_total", [("outcome", "acquired")])
        locksRefused = counter("chat_locks_total", [("outcome", "refused")])
        locksLost = counter("chat_locks_total", [("outcome", "lost")])
    }

    /// The metrics of one RPC method; made once, when the method is registered.
    ///
    /// - Parameter method: `package.Service/Method`.
    package func method(_ method: String) -> MethodMetrics {
        MethodMetrics(method: method, factory: factory)
    }
}

/// The metrics of one RPC method.
package struct MethodMetrics: Sendable {
    /// Status codes go from 0 to 16.
    private static let codes = 17

    /// Calls that are under way.
    package let inFlight: Meter
    private let duration: Timer
    /// Ended calls, by status code.
    private let ended: [Counter]

    init(method: String, factory: any MetricsFactory) {
        inFlight = Meter(label: "chat_rpc_calls_in_flight", dimensions: [("method", method)], factory: factory)
        duration = Timer(
            label: "chat_rpc_call_duration_seconds", dimensions: [("method", method)], preferredDisplayUnit: .seconds,
            factory: factory)
        ended = (0..<Self.codes).map { code in
            Counter(
                label: "chat_rpc_calls_total", dimensions: [("method", method), ("code", "\(code)")], factory: factory)
        }
    }

    /// Counts a call that ended.
    ///
    /// - Parameters:
    ///   - code: the status code's number, 0 to 16; others count as 2, UNKNOWN.
    ///   - nanoseconds: from the call's first byte to its last.
    package func callEnded(code: Int, nanoseconds: Int64) {
        ended[ended.indices.contains(code) ? code : 2].increment()
        duration.recordNanoseconds(nanoseconds)
    }
}
