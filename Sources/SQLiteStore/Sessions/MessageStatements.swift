// The table of messages: its statements, and a message as it is stored.

internal import ChatEngine

final class MessageStatements {
    private static let columns =
        "position, role, text, turn_id, created_at, model, tool_calls, tool_call_id"

    let insert: SQLStatement
    /// Backwards from a position.
    let newestFirst: SQLStatement
    /// Onwards from a position.
    let oldestFirst: SQLStatement

    init(_ database: OpaquePointer) throws(SQLiteFailure) {
        let columns = Self.columns
        insert = try SQLStatement(
            database, "INSERT INTO message (session, \(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        newestFirst = try SQLStatement(
            database,
            "SELECT \(columns) FROM message WHERE session = ? AND position <= ? ORDER BY position DESC")
        oldestFirst = try SQLStatement(
            database, "SELECT \(columns) FROM message WHERE session = ? AND position >= ? ORDER BY position")
    }

    static func message(_ row: SQLRow) throws(SQLiteFailure) -> StoredMessage {
        StoredMessage(
            position: Int(row.integer(0)), role: MessageRole(rawValue: row.text(1)) ?? .user, text: row.text(2),
            turnID: row.text(3), createdAtMicroseconds: row.integer(4), model: row.text(5),
            toolCalls: try StoredJSON.toolCalls(row.bytes(6)), toolCallID: row.optionalText(7))
    }
}

extension StoreConnection {
    /// Adds messages behind the first `count`.
    func append(_ newMessages: some Sequence<StoredMessage>, to number: Int64, after count: Int) throws(SQLiteFailure) {
        for (index, message) in newMessages.enumerated() {
            try messages.insert.run(
                number, count + index + 1, message.role.rawValue, message.text, message.turnID,
                message.createdAtMicroseconds, message.model, StoredJSON.text(message.toolCalls), message.toolCallID)
        }
    }
}
