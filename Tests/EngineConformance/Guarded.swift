// A value that a test's tasks share.

internal import Synchronization

/// A value behind a mutex, on the heap, so that closures of several tasks can capture it.
public final class Guarded<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    /// Guards a value.
    public init(_ value: Value) { mutex = Mutex(value) }

    /// Runs the body alone.
    public func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { body(&$0) }
    }

    /// A copy of the value.
    public var value: Value { withLock { $0 } }
}
