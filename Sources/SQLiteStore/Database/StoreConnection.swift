// The connection as operations see it: transactions, the prepared statements, and what is remembered between
// operations. On the store's queue only.

internal import GRDBSQLite

final class StoreConnection {
    let database: OpaquePointer
    let sessions: SessionStatements
    let messages: MessageStatements
    let turns: TurnStatements
    let removal: RemovalStatements
    let leases: LeaseStatements

    /// Of all sessions, so that the next one is greater.
    var lastActivity: Int64
    /// Sessions that a running turn keeps alive beyond what is stored, by their numbers. Written with the next sweep
    /// unless the turn's own append does it before: a commit for each turn that begins would be one sync more.
    private(set) var renewals: [Int64: Int64] = [:]
    /// Those that the transaction under way has dropped, for the case that it fails.
    private var droppedRenewals: [(number: Int64, renewal: Int64)] = []

    private let beginStatement: SQLStatement
    private let commitStatement: SQLStatement
    private let savepointStatement: SQLStatement
    private let releaseStatement: SQLStatement
    private let rollBackStatement: SQLStatement

    /// Prepares everything. The connection is not owned: it stays open longer than this.
    init(_ database: OpaquePointer) throws(SQLiteFailure) {
        self.database = database
        sessions = try SessionStatements(database)
        messages = try MessageStatements(database)
        turns = try TurnStatements(database)
        removal = try RemovalStatements(database)
        leases = try LeaseStatements(database)
        beginStatement = try SQLStatement(database, "BEGIN IMMEDIATE")
        commitStatement = try SQLStatement(database, "COMMIT")
        savepointStatement = try SQLStatement(database, "SAVEPOINT operation")
        releaseStatement = try SQLStatement(database, "RELEASE operation")
        rollBackStatement = try SQLStatement(database, "ROLLBACK TO operation")
        lastActivity = try Schema.number(of: "SELECT max(active_at) FROM session", database)
    }

    // MARK: Transactions

    var isInTransaction: Bool { sqlite3_get_autocommit(database) == 0 }

    func begin() throws(SQLiteFailure) { try beginStatement.run() }

    func commit() throws(SQLiteFailure) {
        try commitStatement.run()
        droppedRenewals = []
    }

    /// Ends the transaction, if SQLite has not done so by itself.
    func rollBack() {
        restoreRenewals()
        guard isInTransaction else { return }
        sqlite3_exec(database, "ROLLBACK", nil, nil, nil)
    }

    // MARK: Renewals

    func renew(_ number: Int64, until renewal: Int64) { renewals[number] = renewal }

    /// The stored expiry says it, or the session is gone.
    func dropRenewal(_ number: Int64) {
        guard let renewal = renewals.removeValue(forKey: number) else { return }
        droppedRenewals.append((number, renewal))
    }

    /// Also those of operations that succeeded: one too many is dropped again by a sweep.
    private func restoreRenewals() {
        for (number, renewal) in droppedRenewals { renewals[number] = max(renewal, renewals[number] ?? 0) }
        droppedRenewals = []
    }

    /// Runs `body` so that it happens whole or not at all within the transaction.
    func inSavepoint(_ body: () throws -> Void) throws {
        try savepointStatement.run()
        do {
            try body()
            try releaseStatement.run()
        } catch {
            restoreRenewals()
            do throws(SQLiteFailure) {
                guard isInTransaction else { throw SQLiteFailure(code: SQLITE_ABORT) }
                try rollBackStatement.run()
                try releaseStatement.run()
            } catch {
                // What cannot be undone alone is undone with all the rest.
                rollBack()
            }
            throw error
        }
    }

    var lastInsertedNumber: Int64 { sqlite3_last_insert_rowid(database) }

    var changedRows: Int { Int(sqlite3_changes(database)) }
}
