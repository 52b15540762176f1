// What callers do with sessions beside talking in them.

extension ChatEngine {
    /// The owner's sessions, most recently active first.
    ///
    /// - Parameters:
    ///   - userID: only this user's; nil for all of the owner.
    ///   - pageSize: 0 for the default; more than the limit is the limit.
    ///   - pageToken: of the previous page; nil or empty for the first.
    /// - Throws: `EngineError` of kind `invalidArgument` for a negative size or a token that is not this list's.
    public func listSessions(
        owner: String, userID: String? = nil, pageSize: Int = 0, pageToken: String? = nil
    ) async throws -> Page<Session> {
        if let userID { try rules.checkUserID(userID) }
        return try await store.sessions(
            owner: owner, userID: userID, limit: try pageLimit(pageSize), pageToken: token(pageToken))
    }

    /// - Throws: `EngineError` of kind `notFound`.
    public func getSession(owner: String, id: String) async throws -> Session {
        try rules.checkSessionID(id)
        guard let session = try await store.session(owner: owner, id: id) else {
            throw EngineError.sessionNotFound(id)
        }
        return session
    }

    /// Renames or relabels a session.
    ///
    /// - Throws: `EngineError` of kind `invalidArgument` or `notFound`.
    public func updateSession(owner: String, id: String, change: SessionChange) async throws -> Session {
        try rules.checkSessionID(id)
        if let title = change.title { try rules.checkTitle(title) }
        if let labels = change.labels { try rules.checkLabels(labels) }
        guard let session = try await store.updateSession(owner: owner, id: id, change: change) else {
            throw EngineError.sessionNotFound(id)
        }
        return session
    }

    /// Removes a session with all that belongs to it, and ends its running turns. Turns of other processes end when they
    /// try to store their answer.
    ///
    /// - Throws: `EngineError` of kind `notFound` when there was neither a session nor a turn that was about to make it.
    public func deleteSession(owner: String, id: String) async throws {
        try rules.checkSessionID(id)
        let deleted = try await store.deleteSession(owner: owner, id: id)
        let ended = runningTurns.endTurns(owner: owner, sessionID: id)
        guard deleted || ended else { throw EngineError.sessionNotFound(id) }
    }

    /// The messages of a session, oldest first. Page size and token as in `listSessions`.
    ///
    /// - Throws: `EngineError` of kind `invalidArgument` or `notFound`.
    public func listMessages(
        owner: String, sessionID: String, pageSize: Int = 0, pageToken: String? = nil
    ) async throws -> Page<StoredMessage> {
        try rules.checkSessionID(sessionID)
        let page = try await store.messages(
            owner: owner, sessionID: sessionID, limit: try pageLimit(pageSize), pageToken: token(pageToken))
        guard let page else { throw EngineError.sessionNotFound(sessionID) }
        return page
    }

    /// Removes some expired sessions from stores that keep them until then; called from time to time, again at once while
    /// it returns `limit`.
    public func removeExpiredSessions(limit: Int = 100) async throws -> Int {
        try await store.removeExpiredSessions(limit: limit)
    }

    var rules: IdentifierRules { IdentifierRules(limits: configuration.limits) }

    private func pageLimit(_ size: Int) throws(EngineError) -> PageLimit {
        let limits = configuration.limits
        guard size >= 0 else {
            throw .invalidArgument("PAGE_SIZE", "the page size is negative; it is 1 to \(limits.pageItemsMax)")
        }
        let items = size == 0 ? limits.pageItemsDefault : min(size, limits.pageItemsMax)
        return PageLimit(items: items, bytes: limits.pageBytesMax)
    }

    private func token(_ token: String?) -> String? { token.flatMap { $0.isEmpty ? nil : $0 } }
}
