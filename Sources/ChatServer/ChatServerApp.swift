// Wires the parts to a server and runs it until it is told to stop. The chatd program calls it, and tests do.

internal import Logging

package enum ChatServerApp {
    /// Why a server could not start; `description` is one line for an operator.
    package struct StartError: Error, CustomStringConvertible {
        package var description: String
    }

    /// Serves until SIGTERM or SIGINT, then drains for at most the configured grace time and returns.
    ///
    /// Prints `chatd listening on HOST:PORT` on standard output, one line for each listener, once it accepts calls;
    /// with write(2), since `print` keeps it in a buffer where standard output is a file or a pipe.
    ///
    /// - Throws: `StartError` when it cannot listen or a part of it does not start.
    package static func run(_ configuration: ServerConfiguration, metrics: ServerMetrics) async throws {
        throw StartError(description: "this build has no server in it yet")
    }
}
