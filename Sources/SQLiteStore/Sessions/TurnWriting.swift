// Storing a finished turn: messages, the turn for retries, and the session that they belong to. On the store's queue,
// inside the savepoint of its operation.

internal import ChatEngine

extension StoreConnection {
    /// - Parameter session: the session as it is; nil to make it.
    /// - Returns: the session as it is then.
    func append(_ turn: TurnAppend, to session: Session?, at wall: Int64) throws(SQLiteFailure) -> Session {
        var session = if let session { session } else { try makeSession(turn, at: wall) }
        try append(turn.messages, to: session.number, after: session.messageCount)
        session.messageCount += turn.messages.count
        try insert(turn.turn, of: session.number, answer: session.messageCount)
        try touch(&session, idleLifetime: turn.idleLifetime, at: wall)
        return session
    }

    /// Makes the session the most recently active one, with the message count that it has.
    func touch(_ session: inout Session, idleLifetime: Duration?, at wall: Int64) throws(SQLiteFailure) {
        session.lastActivityMicroseconds = nextActivity(at: wall)
        session.expiresAtMicroseconds = idleLifetime.map { Self.expiry(after: $0, from: wall) }
        try sessions.touch.run(
            session.messageCount, session.lastActivityMicroseconds, session.expiresAtMicroseconds, session.number)
        dropRenewal(session.number)
    }

    /// Greater than every one before, whatever the system's clock does, so that lists have one order.
    func nextActivity(at wall: Int64) -> Int64 {
        lastActivity = max(lastActivity + 1, wall)
        return lastActivity
    }

    private func makeSession(_ turn: TurnAppend, at wall: Int64) throws(SQLiteFailure) -> Session {
        var session = Session(
            id: turn.sessionID, owner: turn.owner, userID: turn.userID, title: turn.title, messageCount: 0,
            createdAtMicroseconds: wall, lastActivityMicroseconds: nextActivity(at: wall),
            expiresAtMicroseconds: nil, generation: 0)
        try insert(&session)
        return session
    }

    /// Adds a session, and gives it its number. An expired one of the same id, which may still lie there, goes.
    func insert(_ session: inout Session) throws(SQLiteFailure) {
        let key = SessionKey(owner: session.owner, id: session.id)
        if let expired = try storedSession(key) { try remove(expired.number) }
        try sessions.insert.run(
            session.owner, session.id, session.userID, session.title, StoredJSON.text(session.labels),
            session.messageCount, session.createdAtMicroseconds, session.lastActivityMicroseconds,
            session.expiresAtMicroseconds)
        session.generation = UInt64(lastInsertedNumber)
    }
}
