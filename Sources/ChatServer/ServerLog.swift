// One log line and the metrics of every call and connection. No message text, no metadata values.

internal import Logging
internal import Metrics
internal import RPC
internal import Wire

/// Observes the RPC server. Immutable; called on the calls' loops.
struct ServerLog: ServerObserver {
    private let logger: Logger
    private let metrics: ServerMetrics
    /// By `CallContext.methodIndex`.
    private let methods: [MethodMetrics]

    init(logger: Logger, metrics: ServerMetrics, methods: [MethodDescriptor]) {
        self.logger = logger
        self.metrics = metrics
        self.methods = methods.map { metrics.method($0.name) }
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

    func callBegan(_ context: CallContext) { methods[context.methodIndex].inFlight.increment() }

    func callRefused(_ error: RPCError, peer: String) {
        metrics.callsRefused.increment()
        // Debug: a peer that is out of step could fill the log by itself, and the metric tells that there is one.
        logger.debug(
            "call refused",
            metadata: ["peer": "\(peer)", "code": "\(error.code.name)", "reason": "\(error.reason)"])
    }

    func callFinished(_ call: CallRecord) {
        let method = call.context.method
        let (seconds, attoseconds) = call.duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        let metrics = methods[call.context.methodIndex]
        metrics.inFlight.decrement()
        metrics.callEnded(code: Int(call.code.rawValue), nanoseconds: microseconds * 1000)
        let level = Self.level(method, call.code)
        guard level >= logger.logLevel else { return }
        var metadata: Logger.Metadata = [
            "method": "\(method.name)", "peer": "\(call.context.peer)", "code": "\(call.code.name)",
            "duration_us": .stringConvertible(Int(microseconds)),
        ]
        if !call.reason.isEmpty { metadata["reason"] = "\(call.reason)" }
        if let trace = call.context.traceParent { metadata["traceparent"] = "\(trace)" }
        logger.log(level: level, "call", metadata: metadata)
    }

    /// Probes and echoes would bury the calls that people look for; faults of the server must not be missed.
    private static func level(_ method: MethodDescriptor, _ code: StatusCode) -> Logger.Level {
        switch code {
        case .internalError, .dataLoss, .unknown: .error
        case .ok where method.service.hasPrefix("grpc.health.") || method.service.hasSuffix(".DiagnosticsService"):
            .debug
        default: .info
        }
    }
}
