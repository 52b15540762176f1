// Storing imported messages. On the store's queue, inside the savepoint of its operation.

internal import ChatEngine

extension StoreConnection {
    /// True when what the session has at the request's places is what the request has there.
    func holds(_ request: ImportRequest, in session: Session) throws(SQLiteFailure) -> Bool {
        let last = request.firstPosition - 1 + request.messages.count
        var isSame = true
        guard request.firstPosition <= session.messageCount else { return isSame }
        try messages.oldestFirst.forEach(session.number, request.firstPosition) { row throws(SQLiteFailure) in
            let message = try MessageStatements.message(row)
            guard message.position <= last else { return false }
            isSame = request.repeats(message)
            return isSame
        }
        return isSame
    }

    /// - Parameters:
    ///   - added: those of the import that are not there yet.
    ///   - session: the session as it is; nil to make it.
    /// - Returns: the session as it is then.
    func add(
        _ added: ArraySlice<StoredMessage>, of messages: MessageImport, to session: Session?, at wall: Int64
    ) throws(SQLiteFailure) -> Session {
        var session = if let session { session } else { try makeSession(messages.request, at: wall) }
        try append(added, to: session.number, after: session.messageCount)
        session.messageCount += added.count
        try touch(&session, idleLifetime: messages.idleLifetime, at: wall)
        return session
    }

    private func makeSession(_ request: ImportRequest, at wall: Int64) throws(SQLiteFailure) -> Session {
        var session = Session(
            id: request.sessionID, owner: request.owner, userID: request.userID, title: request.title,
            labels: request.labels, messageCount: 0, createdAtMicroseconds: request.createdAtMicroseconds,
            lastActivityMicroseconds: nextActivity(at: wall), expiresAtMicroseconds: nil, generation: 0)
        try insert(&session)
        return session
    }
}
