// chatd, the server program: reads the configuration, sets up logging, runs the server. Everything else is in
// ChatServer.

internal import ChatServer
internal import Glibc

/// Writes lines to standard error, for what happens before there is a logger.
func complain(_ lines: [String]) {
    let text = Array(lines.map { "chatd: \($0)\n" }.joined().utf8)
    _ = write(STDERR_FILENO, text, text.count)
}

let outcome = ConfigurationLoader.load(
    arguments: Array(CommandLine.arguments.dropFirst()), environment: ProcessEnvironment.variables())

switch outcome {
case .show(let text):
    print(text)
    exit(ExitCode.success)
case .refuse(let problems):
    complain(problems.map(\.description))
    exit(ExitCode.configuration)
case .serve(let configuration, let effective):
    let logger = ServerLogging.start(level: configuration.logLevel, format: configuration.logFormat)
    ServerLogging.logConfiguration(effective, to: logger)
    do {
        try await ChatServerApp.run(configuration, metrics: ServerMetrics())
        exit(ExitCode.success)
    } catch {
        complain(["\(error)"])
        exit(ExitCode.unavailable)
    }
}
