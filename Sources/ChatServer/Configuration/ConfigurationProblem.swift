// What is wrong with a configuration. All problems are collected, so that an operator corrects them in one go.

/// One problem, one line: where the value came from, and what to write instead. It never holds a secret.
package struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// A flag, a variable, or a file and its key; nil when the problem is that something is missing.
    package var origin: String?
    /// What is wrong and what to do.
    package var message: String

    package init(origin: String?, message: String) {
        self.origin = origin
        self.message = message
    }

    package var description: String {
        origin.map { "\($0): \(message)" } ?? message
    }
}

/// How chatd ends.
package enum ExitCode {
    /// It was asked to stop, and every call ended or the grace time passed; also `--help` and `--version`.
    package static let success: Int32 = 0
    /// The configuration is wrong (EX_USAGE): each problem is one line on standard error.
    package static let configuration: Int32 = 64
    /// It could not start or go on: an address in use, a store that does not open (EX_UNAVAILABLE).
    package static let unavailable: Int32 = 69
}
