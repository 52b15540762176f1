// An actor that lives on a loop and has no state of its own: the way onto a loop for code that is elsewhere.

/// Isolation to a loop. Two actors of one loop share its executor, so calls between them do not leave the thread.
package actor LoopActor {
    package nonisolated let loop: IOLoop

    package init(_ loop: IOLoop) { self.loop = loop }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Runs `body` on the loop.
    package func run<Value: Sendable>(
        _ body: @Sendable (isolated LoopActor) async throws -> Value
    ) async throws -> Value {
        try await body(self)
    }
}
