// One log line and the metrics of every call and connection. No message text, no metadata values.

internal import Logging
internal import Metrics
internal import RPC
internal import Wire

/// Observes the RPC server. Immutable; called on the calls' loops.
final class ServerLog: ServerObserver {
    private let logger: Logger
    /// The logger's, which does not change and takes a copy of its handler to ask for.
    private let lowestLevel: Logger.Level
    private let metrics: ServerMetrics
    /// By `CallContext.methodIndex`.
    private let methods: [Method]

    private final class Method: Sendable {
        let metrics: MethodMetrics
        /// Probes and echoes would bury the calls that people look for.
        let isQuiet: Bool

        init(_ method: MethodDescriptor, _ metrics: ServerMetrics) {
            self.metrics = metrics.method(method.name)
            isQuiet = method.service.hasPrefix("grpc.health.") || method.service.hasSuffix(".DiagnosticsService")
        }
    }

    init(logger: Logger, metrics: ServerMetrics, methods: [MethodDescriptor]) {
        self.logger = logger
        self.metrics = metrics
        self.methods = methods.map { Method($0, metrics) }
        lowestLevel = logger.logLevel
    }

    // MARK: Connections

    func connectionAccepted() {
        metrics.connectionsAccepted.increment()
        metrics.connectionsOpen.increment()
    }

    func connectionRefused() { metrics.connectionsRefused.increment() }

    func connectionClosed(receivedBytes: Int, sentBytes: Int) {
        metrics.connectionsOpen.decrement()
        metrics.receivedBytes.increment(by: receivedBytes)
        metrics.sentBytes.increment(by: sentBytes)
    }

    // MARK: Calls

    func callBegan(_ context: CallContext) { methods[context.methodIndex].metrics.inFlight.increment() }

    func callRefused(_ error: RPCError, peer: String) {
        metrics.callsRefused.increment()
        // Debug: a peer that is out of step could fill the log by itself, and the metric tells that there is one.
        logger.debug(
            "call refused",
            metadata: ["peer": "\(peer)", "code": "\(error.code.name)", "reason": "\(error.reason)"])
    }

    func callFinished(_ call: CallRecord) {
        let method = methods[call.context.methodIndex]
        let (seconds, attoseconds) = call.duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        method.metrics.inFlight.decrement()
        method.metrics.callEnded(code: Int(call.code.rawValue), nanoseconds: microseconds * 1000)
        let level = Self.level(call.code, isQuiet: method.isQuiet)
        guard level >= lowestLevel else { return }
        var metadata: Logger.Metadata = [
            "method": "\(call.context.method.name)", "peer": "\(call.context.peer)", "code": "\(call.code.name)",
            "duration_us": .stringConvertible(Int(microseconds)),
        ]
        if !call.reason.isEmpty { metadata["reason"] = "\(call.reason)" }
        if let trace = call.context.traceParent { metadata["traceparent"] = "\(trace)" }
        logger.log(level: level, "call", metadata: metadata)
    }

    /// Faults of the server must not be missed.
    private static func level(_ code: StatusCode, isQuiet: Bool) -> Logger.Level {
        switch code {
        case .internalError, .dataLoss, .unknown: .error
        case .ok where isQuiet: .debug
        default: .info
        }
    }
}
