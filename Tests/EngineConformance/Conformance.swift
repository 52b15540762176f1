// The frame of the conformance suites: named cases over a harness that each store or lock manager brings along. A test
// target runs them with `@Test(arguments: SessionStoreConformance.cases)`.

public import ChatEngine

/// A promise of a contract that was not kept.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// The broken promise and where it is checked.
    public let description: String

    init(_ sentence: String, file: StaticString, line: UInt) {
        description = "\(sentence) (\(file):\(line))"
    }
}

/// One promise of a contract, and how to check it on something fresh.
public struct ConformanceCase<Harness: Sendable>: Sendable, CustomStringConvertible {
    /// The promise as a sentence.
    public let name: String
    private let body: @Sendable (Harness) async throws -> Void

    init(_ name: String, _ body: @escaping @Sendable (Harness) async throws -> Void) {
        self.name = name
        self.body = body
    }

    /// Checks the promise. Throws `ConformanceFailure` when it is broken.
    public func run(on harness: Harness) async throws { try await body(harness) }

    public var description: String { name }
}

/// A fresh lock manager and the means to let time pass for it.
public protocol LockHarness: Sendable {
    var locks: any LockManager { get }
    /// By the manager's own clock.
    var now: ContinuousClock.Instant { get }
    /// Lets that much time pass for the manager: by moving its clock, or by waiting.
    func advance(by duration: Duration) async
}

/// A fresh, empty store with the locks that it checks, and the means to let time pass for it.
public protocol StoreHarness: LockHarness {
    var store: any SessionStore { get }
    /// False where time passes for real, so that cases about days are left out.
    var canSkipDays: Bool { get }
    /// By the store's own clock.
    var wallMicroseconds: Int64 { get }
}

/// Throws unless the condition holds.
func check(
    _ condition: Bool, _ sentence: String, file: StaticString = #fileID, line: UInt = #line
) throws(ConformanceFailure) {
    if !condition { throw ConformanceFailure(sentence, file: file, line: line) }
}

/// The value, or a failure that says what is missing.
func require<Value>(
    _ value: Value?, _ sentence: String, file: StaticString = #fileID, line: UInt = #line
) throws(ConformanceFailure) -> Value {
    guard let value else { throw ConformanceFailure(sentence, file: file, line: line) }
    return value
}

/// Runs the body, which must fail with an engine error of this kind.
func checkThrows(
    _ kind: EngineError.Kind, _ sentence: String, file: StaticString = #fileID, line: UInt = #line,
    _ body: () async throws -> Void
) async throws {
    do {
        try await body()
    } catch let error as EngineError {
        try check(error.kind == kind, "\(sentence): got \(error.kind) instead", file: file, line: line)
        return
    }
    throw ConformanceFailure("\(sentence): nothing was thrown", file: file, line: line)
}

/// Lets other tasks run until the condition holds, or gives up after a bounded number of turns.
func eventually(
    _ sentence: String, file: StaticString = #fileID, line: UInt = #line, _ condition: () async throws -> Bool
) async throws {
    for _ in 0..<100_000 {
        if try await condition() { return }
        await Task.yield()
    }
    throw ConformanceFailure("\(sentence): never came true", file: file, line: line)
}
