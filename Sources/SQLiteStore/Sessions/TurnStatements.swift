// The table of finished turns: its statements, and a turn as it is stored.

internal import ChatEngine

final class TurnStatements {
    /// With the answer's text, which is a message's.
    let find: SQLStatement
    /// Takes the place of one of the same id whose time is over.
    let insert: SQLStatement

    init(_ database: OpaquePointer) throws(SQLiteFailure) {
        find = try SQLStatement(
            database,
            """
            SELECT turn.id, hash_high, hash_low, message.text, turn.model, finish_reason, input_tokens, output_tokens,
                cached_input_tokens, reasoning_tokens, tool_runs, finished_at
            FROM turn JOIN message ON message.session = turn.session AND message.position = turn.answer
            WHERE turn.session = ? AND turn.id = ? AND finished_at > ?
            """)
        insert = try SQLStatement(
            database,
            """
            INSERT OR REPLACE INTO turn (session, id, hash_high, hash_low, answer, model, finish_reason, input_tokens,
                output_tokens, cached_input_tokens, reasoning_tokens, tool_runs, finished_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
    }

    fileprivate static func turn(_ row: SQLRow) throws(SQLiteFailure) -> StoredTurn {
        var usage = TokenUsage()
        usage.inputTokens = Int(row.integer(6))
        usage.outputTokens = Int(row.integer(7))
        usage.cachedInputTokens = Int(row.integer(8))
        usage.reasoningTokens = Int(row.integer(9))
        return StoredTurn(
            id: row.text(0),
            requestHash: RequestHash(
                high: UInt64(bitPattern: row.integer(1)), low: UInt64(bitPattern: row.integer(2))),
            text: row.text(3), model: row.text(4), finishReason: FinishReason(rawValue: row.text(5)) ?? .other,
            usage: usage, toolRuns: try StoredJSON.toolRuns(row.bytes(10)), finishedAtMicroseconds: row.integer(11))
    }
}

extension StoreConnection {
    /// The turn, while its id is kept.
    func turn(_ id: String, of session: Session, at wall: Int64) throws(SQLiteFailure) -> StoredTurn? {
        try turns.find.first(session.number, id, wall - SessionStoreRules.turnRetention.microseconds) {
            row throws(SQLiteFailure) in try TurnStatements.turn(row)
        }
    }

    /// - Parameter answer: the position of the message that has its text.
    func insert(_ turn: StoredTurn, of number: Int64, answer: Int) throws(SQLiteFailure) {
        try turns.insert.run(
            number, turn.id, turn.requestHash.high, turn.requestHash.low, answer, turn.model,
            turn.finishReason.rawValue, turn.usage.inputTokens, turn.usage.outputTokens,
            turn.usage.cachedInputTokens, turn.usage.reasoningTokens, StoredJSON.text(turn.toolRuns),
            turn.finishedAtMicroseconds)
    }
}
