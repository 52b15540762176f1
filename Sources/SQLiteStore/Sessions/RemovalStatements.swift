// Taking things away in small steps: expired sessions, what removed sessions left behind, turns and leases whose time
// is over. A session of a hundred thousand messages is gone at once, and its messages a few hundred at a time.

internal import ChatEngine

final class RemovalStatements {
    let note: SQLStatement
    let expired: SQLStatement
    let nextRemoved: SQLStatement
    let deleteMessages: SQLStatement
    let deleteTurns: SQLStatement
    let forget: SQLStatement
    let deleteOldTurns: SQLStatement
    let deleteOldLeases: SQLStatement

    init(_ database: OpaquePointer) throws(SQLiteFailure) {
        note = try SQLStatement(database, "INSERT INTO removed_session (number) VALUES (?)")
        expired = try SQLStatement(
            database, "SELECT number FROM session WHERE expires_at <= ? ORDER BY expires_at LIMIT ?")
        nextRemoved = try SQLStatement(database, "SELECT number FROM removed_session LIMIT 1")
        deleteMessages = try SQLStatement(
            database,
            "DELETE FROM message WHERE rowid IN (SELECT rowid FROM message WHERE session = ? LIMIT ?)")
        deleteTurns = try SQLStatement(
            database, "DELETE FROM turn WHERE rowid IN (SELECT rowid FROM turn WHERE session = ? LIMIT ?)")
        forget = try SQLStatement(database, "DELETE FROM removed_session WHERE number = ?")
        deleteOldTurns = try SQLStatement(
            database, "DELETE FROM turn WHERE rowid IN (SELECT rowid FROM turn WHERE finished_at <= ?2 LIMIT ?1)")
        deleteOldLeases = try SQLStatement(
            database,
            """
            DELETE FROM lease WHERE (owner, name) IN (SELECT owner, name FROM lease WHERE expires_at <= ?1 LIMIT ?2)
            """)
    }
}

extension StoreConnection {
    /// Of messages, turns and leases in one step: a few milliseconds at most, with a cold cache.
    static let removedRowsMax = 500
    /// A lease that ended is kept that long: the clock of the system may be set back a little.
    private static let leaseRetention = Duration.seconds(3600)

    /// Removes a session; what belongs to it goes later.
    func remove(_ number: Int64) throws(SQLiteFailure) {
        try sessions.delete.run(number)
        try removal.note.run(number)
        dropRenewal(number)
    }

    /// One step; see `SessionStore.removeExpiredSessions`.
    func removeExpired(limit: Int, at wall: Int64) throws(SQLiteFailure) -> ExpiryStep {
        try writeRenewals()
        var numbers: [Int64] = []
        try removal.expired.forEach(wall, limit) { row in
            numbers.append(row.integer(0))
            return true
        }
        for number in numbers { try remove(number) }
        let hasMoreRows = try removeRows(at: wall)
        return ExpiryStep(removed: numbers.count, hasMore: numbers.count == limit || hasMoreRows)
    }

    /// Writes what running turns added to the lives of their sessions, and forgets what an earlier step has written: a
    /// transaction that fails takes nothing from them.
    private func writeRenewals() throws(SQLiteFailure) {
        for (number, renewal) in renewals.prefix(Self.removedRowsMax) {
            let stored = try sessions.expiry.first(number) { $0.optionalInteger(0) } ?? nil
            if let stored, stored < renewal {
                try sessions.setExpiry.run(renewal == .max ? nil : renewal, number)
            } else {
                dropRenewal(number)
            }
        }
    }

    /// True when there is more to do.
    private func removeRows(at wall: Int64) throws(SQLiteFailure) -> Bool {
        var left = Self.removedRowsMax
        while left > 0, let number = try removal.nextRemoved.first(read: { $0.integer(0) }) {
            try removal.deleteMessages.run(number, left)
            left -= changedRows
            guard left > 0 else { break }
            try removal.deleteTurns.run(number, left)
            left -= changedRows
            guard left > 0 else { break }
            try removal.forget.run(number)
            left -= 1
        }
        if left > 0 {
            try removal.deleteOldTurns.run(left, wall - SessionStoreRules.turnRetention.microseconds)
            left -= changedRows
        }
        if left > 0 {
            try removal.deleteOldLeases.run(wall - Self.leaseRetention.microseconds, left)
            left -= changedRows
        }
        return left <= 0
    }
}
