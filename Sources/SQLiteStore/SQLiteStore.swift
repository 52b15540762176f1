// Sessions and callers' locks in one SQLite file: the embedded store. Database/ has the file and its statements, Queue/
// the one thread that uses them and its group commit, Sessions/ and Locks/ what the two ports store.

package import ChatEngine

/// An open store. Ends with `close`; a process that dies without it loses nothing that it acknowledged.
package final class SQLiteStore: Sendable {
    /// Conversations. A turn is acknowledged when it is on the disk.
    package let sessions: any SessionStore
    /// Locks of this process; those of callers survive it, with their fences and what is left of their time.
    package let locks: any LockManager
    let queue: StoreQueue
    private let limits: SQLiteStoreLimits

    /// Opens the file and makes it where there is none, with its folder, readable by this user only. Blocks while it
    /// reads what an end without `close` left in the log, and while a file of an earlier version is changed.
    ///
    /// - Parameters:
    ///   - path: of the file, on a local disk; `-wal` lies beside it while it is open.
    ///   - onHealth: told on another thread when the store begins to fail, and when it works again.
    /// - Throws: `StoreOpenError`: another process has it, it is newer than this program, no database, or out of reach.
    package static func open(
        _ path: String, clock: any EngineClock, limits: SQLiteStoreLimits = SQLiteStoreLimits(),
        lockLimits: InMemoryLockLimits = InMemoryLockLimits(),
        onHealth: @escaping @Sendable (StoreHealth) -> Void = { _ in }
    ) throws -> SQLiteStore {
        let database = try DatabaseFile.open(path)
        do {
            let queue = try StoreQueue(database, clock: clock, onHealth: onHealth)
            let (leases, lastFence) = try queue.connected { connection throws(SQLiteFailure) in
                try connection.readLeases(at: clock.wallMicroseconds)
            }
            let locks = InMemoryLockManager(
                clock: clock, limits: lockLimits, journal: SQLiteLeaseJournal(queue: queue), restoring: leases,
                lastFence: lastFence)
            return SQLiteStore(queue, locks: locks, clock: clock, limits: limits)
        } catch let failure as SQLiteFailure {
            throw StoreOpenError("\(path) cannot be read: \(failure.words)")
        }
    }

    private init(_ queue: StoreQueue, locks: InMemoryLockManager, clock: any EngineClock, limits: SQLiteStoreLimits) {
        self.queue = queue
        self.locks = locks
        self.limits = limits
        sessions = SQLiteSessionStore(queue, locks: locks, clock: clock, limits: limits)
    }

    /// Writes a copy of everything as it is at the end of the copying to a new file, while the store goes on serving.
    /// Ends with its task's cancellation, at the next step.
    ///
    /// - Parameter path: of the copy; a file that is there already is an error. It is a store like this one.
    /// - Throws: `StoreOpenError` when the copy cannot be made or leaves too little room, `EngineError`,
    /// `CancellationError`. Nothing is there
    ///   then.
    package func copy(to path: String) async throws {
        try await queue.copy(to: path, reserveBytes: limits.copyReserveBytes)
    }

    /// Answers what was asked, and lets go of the file. What is asked later is refused. Blocks its thread while the log
    /// is moved into the database: not called on a loop. Called once.
    package func close() async { await queue.close() }
}
