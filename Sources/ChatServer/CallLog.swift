// One log line and two metrics per finished call. No message text, no metadata values.

internal import Logging
internal import RPC
internal import Wire

/// Observes every call of the server. Immutable; called on the calls' loops.
struct CallLog: CallObserver {
    private let logger: Logger
    private let metrics: [MethodDescriptor: MethodMetrics]

    init(logger: Logger, metrics: ServerMetrics, methods: [MethodDescriptor]) {
        self.logger = logger
        self.metrics = Dictionary(uniqueKeysWithValues: methods.map { ($0, metrics.method($0.name)) })
    }

    func finished(_ call: CallRecord) {
        let method = call.context.method
        let (seconds, attoseconds) = call.duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        metrics[method]?.callEnded(code: Int(call.code.rawValue), nanoseconds: microseconds * 1000)
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
