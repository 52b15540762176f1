// Taking in conversations of other servers and programs: checked like what callers write, stored under the session's
// lock like a turn.

extension ChatEngine {
    /// Adds messages to a session, and makes it where there is none and they are its first. Repeating it is harmless:
    /// messages that are there already are not added again.
    ///
    /// - Returns: the session as it is then, and how many messages were added.
    /// - Throws: `EngineError` of kind `invalidArgument`, `importConflict`, `sessionBusy`, `lockLost`,
    ///   `resourceExhausted`, `outcomeUnknown` or `unavailable`; `CancellationError`.
    public func importMessages(
        _ request: ImportRequest, deadline: ContinuousClock.Instant? = nil
    ) async throws -> (session: Session, added: Int) {
        let request = try checked(request)
        let key = LockKey(.session, owner: request.owner, name: request.sessionID)
        let token = LockToken.random()
        do {
            try await lockSession(key, token: token, deadline: deadline)
            try Task.checkCancellation()
            let outcome = try await store.importMessages(
                MessageImport(
                    request: request, lockKey: key, lockToken: token,
                    idleLifetime: configuration.sessionIdleLifetime))
            _ = try? await locks.release(key, token: token)
            return try result(of: outcome, request)
        } catch {
            // Also after a failed acquire: one that was cut off may hold the lock. What cannot be released expires.
            _ = try? await locks.release(key, token: token)
            throw error
        }
    }

    private func lockSession(_ key: LockKey, token: LockToken, deadline: ContinuousClock.Instant?) async throws {
        let latest = clock.now + configuration.sessionLockWaitMax
        do {
            // Not renewed: storing takes less time than the lease lasts, and checks that it is held.
            _ = try await locks.acquire(
                LockRequest(
                    key: key, token: token, timeToLive: configuration.sessionLockTimeToLive,
                    waitDeadline: deadline.map { min($0, latest) } ?? latest, ownerLabel: "import"))
        } catch let error as EngineError where error.kind == .lockNotAcquired {
            throw EngineError(
                .sessionBusy, reason: "SESSION_BUSY",
                "a turn of this session runs; import into it when it is finished", retryAfter: error.retryAfter)
        }
    }

    private func result(
        of outcome: ImportOutcome, _ request: ImportRequest
    ) throws(EngineError) -> (session: Session, added: Int) {
        switch outcome {
        case .imported(let session, let added): return (session, added)
        case .conflict:
            throw EngineError(
                .importConflict, reason: "IMPORT_CONFLICT",
                "session \(request.sessionID) has other messages at position \(request.firstPosition) or later, or "
                    + "none before it; delete the session first, import from its first message on, or take another id")
        case .lockLost:
            throw EngineError(
                .lockLost, reason: "LOCK_LOST", "the import lost its session's lock and stored nothing; repeat it")
        }
    }

    // MARK: Checks

    /// The request with its title and its time filled in.
    private func checked(_ request: ImportRequest) throws(EngineError) -> ImportRequest {
        var request = request
        try rules.checkSessionID(request.sessionID)
        try rules.checkUserID(request.userID)
        try rules.checkLabels(request.labels)
        guard request.createdAtMicroseconds >= 0 else {
            throw .invalidArgument("CREATED_AT", "the session's time is before 1970; leave it out when it is not known")
        }
        guard request.firstPosition >= 1, request.firstPosition <= ImportRules.positionMax else {
            throw .invalidArgument("FIRST_POSITION", "the first position is 1 or more, and no session is that long")
        }
        try ImportRules.check(request.messages, limits: configuration.limits, rules: rules)
        if request.title.isEmpty {
            request.title = request.messages.lazy.map { Title.firstWords(of: $0.text) }.first { !$0.isEmpty } ?? ""
        } else {
            try rules.checkTitle(request.title)
        }
        let now = clock.wallMicroseconds
        // Another machine's clock may be ahead of this one's.
        request.createdAtMicroseconds =
            request.createdAtMicroseconds == 0 ? now : min(request.createdAtMicroseconds, now)
        return request
    }
}

/// What imported messages are held to. Pure.
enum ImportRules {
    /// Far beyond every store's limit, and far from overflow.
    static let positionMax = 1 << 40

    static func check(
        _ messages: [StoredMessage], limits: EngineLimits, rules: IdentifierRules
    ) throws(EngineError) {
        guard !messages.isEmpty, messages.count <= limits.importedMessagesMax else {
            throw .invalidArgument(
                "MESSAGES",
                "\(messages.count) messages; an import has 1 to \(limits.importedMessagesMax), the limit "
                    + "importedMessagesMax")
        }
        for (index, message) in messages.enumerated() {
            try check(message, "message \(index + 1)", limits: limits, rules: rules)
        }
    }

    /// Of a model's name as a provider said it, a path of a file perhaps.
    private static let importedModelNameBytesMax = 4096

    private static func check(
        _ message: StoredMessage, _ name: String, limits: EngineLimits, rules: IdentifierRules
    ) throws(EngineError) {
        if message.role == .user {
            let count = message.text.utf8.count
            guard count <= limits.messageBytesMax else {
                throw .invalidArgument(
                    "MESSAGE_TOO_LONG",
                    "\(name), a user's, has \(count) bytes, the limit messageBytesMax is \(limits.messageBytesMax)")
            }
        }
        // As turns count it: the text alone, so that what a server has stored another one takes.
        let calls = message.toolCalls.reduce(0) { $0 + $1.name.utf8.count + $1.arguments.utf8.count }
        let count = message.text.utf8.count + calls
        guard count <= limits.answerBytesMax else {
            throw .invalidArgument(
                "MESSAGE_TOO_LONG",
                "\(name) has \(count) bytes with its tool calls, the limit answerBytesMax is \(limits.answerBytesMax)")
        }
        if !message.turnID.isEmpty { try rules.checkTurnID(message.turnID) }
        // A provider names its models as it likes.
        guard message.model.utf8.count <= importedModelNameBytesMax else {
            throw .invalidArgument(
                "MODEL",
                "\(name) names a model in \(message.model.utf8.count) bytes, the limit is \(importedModelNameBytesMax)")
        }
        guard message.createdAtMicroseconds >= 0 else {
            throw .invalidArgument("CREATED_AT", "\(name) is from before 1970; leave its time out when it is not known")
        }
        guard message.role == .assistant || message.toolCalls.isEmpty else {
            throw .invalidArgument("TOOL_CALLS", "\(name) asks for tools, which only an assistant's message does")
        }
        guard message.toolCalls.count <= limits.importedToolCallsMax else {
            throw .invalidArgument(
                "TOOL_CALLS",
                "\(name) has \(message.toolCalls.count) tool calls, the limit importedToolCallsMax is "
                    + "\(limits.importedToolCallsMax)")
        }
        guard message.role == .tool || message.toolCallID == nil else {
            throw .invalidArgument("TOOL_CALL_ID", "\(name) answers a tool call, which only a tool's message does")
        }
    }
}
