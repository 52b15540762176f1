// The process's variables. Read once: values are passed from here, so that a test can give its own.

internal import FoundationEssentials

package enum ProcessEnvironment {
    /// All variables of this process.
    package static func variables() -> [String: String] {
        ProcessInfo.processInfo.environment
    }
}
