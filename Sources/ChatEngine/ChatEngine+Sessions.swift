// What callers do with sessions beside talking in them.

extension ChatEngine {
    /// Sessions, most recently active first.
    ///
    /// - Parameters:
    ///   - scope: one owner's, or everybody's; who may ask for the latter is the caller's to decide.
    ///   - pageSize: 0 for the default; more than the limit is the limit.
    ///   - pageToken: of the previous page; nil or empty for the first.
    /// - Throws: `EngineError` of kind `invalidArgument` for a negative size or a token that is not this list's.
    public func listSessions(
        in scope: SessionScope, pageSize: Int = 0, pageToken: String? = nil
    ) async throws -> Page<Session> {
        let limits = configuration.limits
        let limit = try pageLimit(pageSize, default: limits.sessionsPerPageDefault, most: limits.sessionsPerPageMax)
        return try await store.sessions(in: scope, limit: limit, pageToken: token(pageToken))
    }

    /// One session.
    ///
    /// - Throws: `EngineError` of kind `invalidArgument` or `notFound`.
    public func getSession(owner: String, id: String) async throws -> Session {
        try rules.checkSessionID(id)
        guard let session = try await store.session(owner: owner, id: id) else {
            throw EngineError.sessionNotFound(id)
        }
        return session
    }

    /// Renames or relabels a session. An empty title gives back the first words of the first message.
    ///
    /// - Throws: `EngineError` of kind `invalidArgument` or `notFound`.
    public func updateSession(owner: String, id: String, change: SessionChange) async throws -> Session {
        try rules.checkSessionID(id)
        var change = change
        if let labels = change.labels { try rules.checkLabels(labels) }
        if change.title == "" {
            change.title = try await firstWords(owner: owner, id: id)
        } else if let title = change.title {
            try rules.checkTitle(title)
        }
        guard let session = try await store.updateSession(owner: owner, id: id, change: change) else {
            throw EngineError.sessionNotFound(id)
        }
        return session
    }

    /// Removes a session with all that belongs to it, and ends its running turns; turns of other processes end when
    /// they try to store their answer. Repeating it is harmless.
    ///
    /// - Returns: false when there was no such session, nor a turn that was about to make it.
    /// - Throws: `EngineError` of kind `invalidArgument`.
    public func deleteSession(owner: String, id: String) async throws -> Bool {
        try rules.checkSessionID(id)
        let deleted = try await store.deleteSession(owner: owner, id: id)
        let ended = runningTurns.endTurns(owner: owner, sessionID: id)
        return deleted || ended
    }

    /// The messages of a session. Page size and token as in `listSessions`.
    ///
    /// - Throws: `EngineError` of kind `invalidArgument` or `notFound`.
    public func listMessages(
        owner: String, sessionID: String, order: MessageOrder = .oldestFirst, pageSize: Int = 0,
        pageToken: String? = nil
    ) async throws -> Page<StoredMessage> {
        try rules.checkSessionID(sessionID)
        let limits = configuration.limits
        let limit = try pageLimit(pageSize, default: limits.messagesPerPageDefault, most: limits.messagesPerPageMax)
        let page = try await store.messages(
            owner: owner, sessionID: sessionID, order: order, limit: limit, pageToken: token(pageToken))
        guard let page else { throw EngineError.sessionNotFound(sessionID) }
        return page
    }

    /// Removes some expired sessions from stores that keep them until then; called from time to time, again at once
    /// while there is more.
    public func removeExpiredSessions(limit: Int = 100) async throws -> ExpiryStep {
        try await store.removeExpiredSessions(limit: limit)
    }

    var rules: IdentifierRules { IdentifierRules(limits: configuration.limits) }

    private func firstWords(owner: String, id: String) async throws -> String {
        let page = try await store.messages(
            owner: owner, sessionID: id, order: .oldestFirst, limit: PageLimit(items: 1, bytes: 1), pageToken: nil)
        guard let message = page?.items.first else { throw EngineError.sessionNotFound(id) }
        return Title.firstWords(of: message.text)
    }

    private func pageLimit(_ size: Int, default count: Int, most: Int) throws(EngineError) -> PageLimit {
        guard size >= 0 else {
            throw .invalidArgument("PAGE_SIZE", "the page size is negative; it is 1 to \(most)")
        }
        return PageLimit(items: size == 0 ? count : min(size, most), bytes: configuration.limits.pageBytesMax)
    }

    private func token(_ token: String?) -> String? { token.flatMap { $0.isEmpty ? nil : $0 } }
}
