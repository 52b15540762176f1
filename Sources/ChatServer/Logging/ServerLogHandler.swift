// The server's backend of swift-log: text on a terminal, JSON lines elsewhere, on standard error. It never sees
// messages' text: callers of loggers keep prompts, answers and keys out of what they log.

internal import Glibc
package import Logging

/// Writes log events as lines. A value: each logger has its own fields and level.
package struct ServerLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let writesJSON: Bool
    private let output: LogOutput
    /// Nanoseconds since 1970; a test gives its own.
    private let now: @Sendable () -> Int64

    package init(
        label: String, level: Logger.Level, format: LogFormat, output: LogOutput,
        now: @escaping @Sendable () -> Int64 = ServerLogHandler.systemTime
    ) {
        self.label = label
        self.output = output
        self.now = now
        logLevel = level
        writesJSON =
            switch format {
            case .json: true
            case .text: false
            case .auto: !output.isTerminal
            }
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() {
            fields.merge(provided) { _, new in new }
        }
        if let given = event.metadata {
            fields.merge(given) { _, new in new }
        }
        if let error = event.error, fields["error"] == nil {
            fields["error"] = .string(String(describing: error))
        }
        let dropped = output.takeDroppedLines()
        if dropped > 0 {
            fields["log_lines_dropped"] = .stringConvertible(dropped)
        }
        let record = LogRecord(
            unixNanoseconds: now(), level: event.level, logger: label, message: event.message.description,
            fields: fields.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) })
        output.write(writesJSON ? LogLine.json(record) : LogLine.text(record), droppedBefore: dropped)
    }

    /// The wall clock.
    package static func systemTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Sets swift-log up for a server program.
package enum ServerLogging {
    /// Makes every logger of the process write to standard error. Called once, before the first logger is made.
    ///
    /// - Returns: the program's own logger.
    package static func start(level: Logger.Level, format: LogFormat) -> Logger {
        let output = LogOutput(descriptor: STDERR_FILENO)
        LoggingSystem.bootstrap { label in
            ServerLogHandler(label: label, level: level, format: format, output: output)
        }
        return Logger(label: "chatd")
    }

    /// One line that says what the server runs with, and where each setting that is no default came from.
    package static func logConfiguration(_ effective: [EffectiveSetting], to logger: Logger) {
        var fields: Logger.Metadata = [:]
        var origins: [String] = []
        for setting in effective {
            fields[setting.name] = .string(setting.value)
            if setting.origin != "default" { origins.append(setting.origin) }
        }
        if !origins.isEmpty { fields["set-by"] = .string(origins.joined(separator: ", ")) }
        logger.notice("configuration", metadata: fields)
    }
}
