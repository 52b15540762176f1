// The table of sessions: its statements, and a session as it is stored.

internal import ChatEngine
internal import GRDBSQLite

/// Which session.
struct SessionKey: Sendable, Hashable {
    var owner: String
    var id: String
}

final class SessionStatements {
    private static let columns =
        "number, owner, id, user_id, title, labels, message_count, created_at, active_at, expires_at"

    let find: SQLStatement
    let insert: SQLStatement
    /// After a turn: message count, activity, expiry.
    let touch: SQLStatement
    let change: SQLStatement
    let expiry: SQLStatement
    let setExpiry: SQLStatement
    let delete: SQLStatement
    /// Newest activity first, before an activity.
    let listOwner: SQLStatement
    let listAll: SQLStatement

    init(_ database: OpaquePointer) throws(SQLiteFailure) {
        let columns = Self.columns
        find = try SQLStatement(database, "SELECT \(columns) FROM session WHERE owner = ? AND id = ?")
        insert = try SQLStatement(
            database,
            """
            INSERT INTO session (owner, id, user_id, title, labels, message_count, created_at, active_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        touch = try SQLStatement(
            database, "UPDATE session SET message_count = ?, active_at = ?, expires_at = ? WHERE number = ?")
        change = try SQLStatement(database, "UPDATE session SET title = ?, labels = ? WHERE number = ?")
        expiry = try SQLStatement(database, "SELECT expires_at FROM session WHERE number = ?")
        setExpiry = try SQLStatement(database, "UPDATE session SET expires_at = ? WHERE number = ?")
        delete = try SQLStatement(database, "DELETE FROM session WHERE number = ?")
        listOwner = try SQLStatement(
            database, "SELECT \(columns) FROM session WHERE owner = ? AND active_at < ? ORDER BY active_at DESC")
        listAll = try SQLStatement(
            database, "SELECT \(columns) FROM session WHERE active_at < ? ORDER BY active_at DESC")
    }

    /// A row of `find` or of a list.
    static func session(_ row: SQLRow) throws(SQLiteFailure) -> Session {
        // Numbers that this program never writes would trap where they are counted with.
        guard row.integer(0) > 0, (0...Int64(UInt32.max)).contains(row.integer(6)),
            (0...Int64.max / 2).contains(row.integer(8))
        else { throw SQLiteFailure(code: SQLITE_CORRUPT) }
        return Session(
            id: row.text(2), owner: row.text(1), userID: row.text(3), title: row.text(4),
            labels: try StoredJSON.labels(row.bytes(5)), messageCount: Int(row.integer(6)),
            createdAtMicroseconds: row.integer(7), lastActivityMicroseconds: row.integer(8),
            expiresAtMicroseconds: row.optionalInteger(9), generation: UInt64(row.integer(0)))
    }
}

extension Session {
    /// The number of its row.
    var number: Int64 { Int64(generation) }
}

extension StoreConnection {
    /// The session, unless it expired.
    func session(_ key: SessionKey, at wall: Int64) throws(SQLiteFailure) -> Session? {
        guard let session = try storedSession(key), !isExpired(session, at: wall) else { return nil }
        return session
    }

    /// The session, expired or not, with what a running turn added to its life.
    func storedSession(_ key: SessionKey) throws(SQLiteFailure) -> Session? {
        let found = try sessions.find.first(key.owner, key.id) { row throws(SQLiteFailure) in
            try SessionStatements.session(row)
        }
        return found.map(renewed)
    }

    func renewed(_ session: Session) -> Session {
        guard let renewal = renewals[session.number] else { return session }
        var session = session
        if let expiry = session.expiresAtMicroseconds {
            session.expiresAtMicroseconds = renewal == .max ? nil : max(expiry, renewal)
        }
        return session
    }

    func isExpired(_ session: Session, at wall: Int64) -> Bool {
        session.expiresAtMicroseconds.map { $0 <= wall } ?? false
    }
}
