// The one thread that touches the database. Callers of every loop leave operations in the inbox; a drain takes them in
// batches, answers the reads, and puts all writes of a batch into one transaction, each in a savepoint of its own: one
// sync of the disk serves as many turns as came while the last one was under way. No task of a caller runs here, so no
// cancellation interrupts a commit.

internal import ChatEngine
internal import GRDB
internal import GRDBSQLite
internal import Synchronization

/// Whether the store can store.
package enum StoreHealth: Sendable, Equatable {
    case sound
    /// In words for an operator.
    case failing(String)
}

final class StoreQueue: Sendable {
    /// Of one operation, from the call to its answer: a disk that needs longer is as good as gone, and a caller's
    /// patience is about that long.
    static let operationTimeMax = Duration.seconds(10)
    /// Operations that wait: as many as turns may run in a process, and as many again for what else is asked.
    static let storeOperationsMax = 32_768
    /// Batches of one visit to the queue, before others that wait for it have their turn.
    private static let visitBatchesMax = 8

    private let database: DatabaseQueue
    private let clock: any EngineClock
    private let inbox = Mutex(Inbox())
    /// Used in drains only, which never overlap; the mutex says so to the compiler. Nil when closed.
    private let connection: Mutex<StoreConnection?>
    private let health = Mutex(StoreHealth.sound)
    private let onHealth: @Sendable (StoreHealth) -> Void

    /// - Parameter onHealth: told on the queue's thread when the store begins to fail and when it works again.
    init(
        _ database: DatabaseQueue, clock: any EngineClock, onHealth: @escaping @Sendable (StoreHealth) -> Void
    ) throws {
        self.database = database
        self.clock = clock
        self.onHealth = onHealth
        let handle = database.inDatabase { $0.sqliteConnection }
        guard let handle else { preconditionFailure("an open database has a connection") }
        connection = Mutex(try StoreConnection(handle))
    }

    /// Uses the connection before anybody asks for anything. Blocks.
    func connected<Value: Sendable>(
        _ body: @Sendable (StoreConnection) throws(SQLiteFailure) -> Value
    ) throws(SQLiteFailure) -> Value {
        try connection.withLock { connection throws(SQLiteFailure) in
            guard let connection else { preconditionFailure("the connection is there until the store is closed") }
            return try body(connection)
        }
    }

    // MARK: Asking

    /// Reads. Ends with its task's cancellation.
    ///
    /// - Throws: `EngineError`, `CancellationError`.
    func read<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable (StoreConnection) throws -> Value
    ) async throws -> Value {
        let operation = StoreOperation(name, writes: false, body)
        return try await withCancellableContinuation { continuation in
            submit(operation) { continuation.resume(with: $0) }
        } onCancel: {
            operation.cancel()
        }
    }

    /// Changes something, all of it or nothing, and returns when it is durable. Not stopped by cancellation.
    ///
    /// - Parameters:
    ///   - name: for people: "the turn".
    ///   - weight: roughly the bytes that it stores.
    /// - Throws: `EngineError`; of kind `outcomeUnknown` when it is not known whether it was stored.
    func write<Value: Sendable>(
        _ name: String, weight: Int = 0, _ body: @escaping @Sendable (StoreConnection) throws -> Value
    ) async throws -> Value {
        let operation = StoreOperation(name, writes: true, weight: weight, body)
        return try await withCheckedThrowingContinuation { continuation in
            submit(operation) { continuation.resume(with: $0) }
        }
    }

    /// As `write`, for callers that do not wait. Never answers before it returns, and is not refused for the number of
    /// those that wait.
    func write<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable (StoreConnection) throws -> Value,
        answer: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let operation = StoreOperation(name, writes: true, body)
        _ = operation.setAnswer(answer)
        if let refusal = enqueue(operation, countMax: .max) {
            clock.schedule(at: clock.now) { operation.fail(refusal) }
        } else {
            armTimer(operation)
        }
    }

    private func submit<Value: Sendable>(
        _ operation: StoreOperation<Value>, answer: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        guard operation.setAnswer(answer) else { return answer(.failure(CancellationError())) }
        if let refusal = enqueue(operation, countMax: Self.storeOperationsMax) { return operation.fail(refusal) }
        armTimer(operation)
    }

    private func armTimer<Value: Sendable>(_ operation: StoreOperation<Value>) {
        operation.setTimer(clock.schedule(at: clock.now + Self.operationTimeMax) { operation.giveUp() })
    }

    private func enqueue(_ operation: any QueuedOperation, countMax: Int) -> EngineError? {
        let (wakes, refusal) = inbox.withLock { inbox -> (Bool, EngineError?) in
            if inbox.isClosed { return (false, Self.closed) }
            if inbox.count >= countMax {
                return (
                    false,
                    .limitReached(
                        "storeOperationsMax", countMax,
                        "\(countMax) operations wait for the store, its limit storeOperationsMax; try again later")
                )
            }
            return (inbox.add(operation), nil)
        }
        if wakes { wakeDrain() }
        return refusal
    }

    private func wakeDrain() { database.asyncWriteWithoutTransaction { _ in self.drain() } }

    // MARK: Draining

    private func drain() {
        for _ in 0..<Self.visitBatchesMax {
            guard drainBatch() else { return }
        }
        // Copies and the end of the store wait in the same queue.
        wakeDrain()
    }

    /// One batch. False when there was none.
    private func drainBatch() -> Bool {
        guard let batch = inbox.withLock({ $0.takeBatch() }) else { return false }
        let operations = batch.filter { $0.begin() }
        connection.withLock { connection in
            guard let connection else { preconditionFailure("the connection is there until the last drain") }
            // Reads first: nobody who waits for a read has been told of a write that is in this batch.
            for operation in operations where !operation.writes { answer(operation, on: connection) }
            commit(operations.filter(\.writes), on: connection)
        }
        return true
    }

    private func answer(_ operation: any QueuedOperation, on connection: StoreConnection) {
        do {
            try operation.perform(on: connection)
            operation.succeed()
        } catch let failure as SQLiteFailure {
            operation.fail(failure.engineError)
        } catch {
            operation.fail(error)
        }
    }

    /// Performs all writes in one transaction and answers them after it.
    private func commit(_ operations: [any QueuedOperation], on connection: StoreConnection) {
        guard !operations.isEmpty else { return }
        var performed: [any QueuedOperation] = []
        do {
            performed = try perform(operations, on: connection)
        } catch {
            // Not even a transaction can be begun.
            connection.rollBack()
            report(error)
            for operation in operations { operation.fail(error.engineError) }
            return
        }
        guard !performed.isEmpty else { return connection.rollBack() }
        do {
            try connection.commit()
        } catch {
            connection.rollBack()
            report(error)
            for operation in performed { operation.fail(error.engineError(ofCommit: operation.name)) }
            return
        }
        reportSound()
        for operation in performed { operation.succeed() }
    }

    /// Begins a transaction and performs the operations in it, each whole or not at all. Those that fail are answered.
    ///
    /// - Returns: those that stand in the transaction, which is still open.
    private func perform(
        _ operations: [any QueuedOperation], on connection: StoreConnection
    ) throws(SQLiteFailure) -> [any QueuedOperation] {
        var waiting = operations[...]
        var performed: [any QueuedOperation] = []
        var lastFailure: SQLiteFailure?
        try connection.begin()
        while let operation = waiting.popFirst() {
            do {
                try connection.inSavepoint { try operation.perform(on: connection) }
                performed.append(operation)
            } catch let failure as SQLiteFailure {
                operation.fail(failure.engineError)
                lastFailure = failure
                guard !connection.isInTransaction else { continue }
                // Some failures, a full disk for one, end the whole transaction: what was performed in it is performed
                // again without the one that failed, so this ends.
                connection.rollBack()
                waiting = performed + waiting
                performed = []
                try connection.begin()
            } catch {
                operation.fail(error)
            }
        }
        if performed.isEmpty, let lastFailure { report(lastFailure) }
        return performed
    }

    private static var closed: EngineError {
        EngineError(.unavailable, reason: "STORE_UNAVAILABLE", "the service is stopping; nothing was stored")
    }

    // MARK: Health

    private func report(_ failure: SQLiteFailure) { change(to: .failing(failure.words)) }

    private func reportSound() { change(to: .sound) }

    private func change(to new: StoreHealth) {
        let isNews = health.withLock { health in
            defer { health = new }
            return health != new
        }
        if isNews { onHealth(new) }
    }

    // MARK: The whole database

    /// Copies the database as it is at the end of the copying into a new file, in small steps between which the queue
    /// serves others. Blocks the queue for one step at a time, and ends at the next step when its task is cancelled.
    func copy(to path: String, reserveBytes: Int) async throws {
        let isWanted = Atomic(true)
        try await withCancellableContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            database.asyncWriteWithoutTransaction { source in
                do {
                    try self.checkOpen()
                    try DatabaseFile.copy(source, to: path, reserveBytes: reserveBytes) {
                        _ = self.drainBatch()
                        try self.checkOpen()
                        if !isWanted.load(ordering: .relaxed) { throw CancellationError() }
                    }
                    continuation.resume()
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            isWanted.store(false, ordering: .relaxed)
        }
    }

    private func checkOpen() throws {
        if inbox.withLock({ $0.isClosed }) { throw Self.closed }
    }

    /// Refuses what comes from now on, answers what waits, moves the log into the database and lets go of the file.
    /// Blocks its thread during the move, so it is not called on a loop. Called once.
    func close() async {
        inbox.withLock { $0.close() }
        await withCheckedContinuation { continuation in
            database.asyncWriteWithoutTransaction { _ in
                while self.drainBatch() {}
                // With its statements, which would keep the file open.
                self.connection.withLock { $0 = nil }
                continuation.resume()
            }
        }
        // A log that cannot be moved now is moved at the next start.
        try? database.close()
    }
}
