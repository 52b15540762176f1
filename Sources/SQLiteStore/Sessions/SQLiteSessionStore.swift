// Conversations in SQLite: what the port asks, as operations on the store's queue.

internal import ChatEngine

/// How much the SQLite store takes beside what the disk has room for. Each limit appears by its name in the error that
/// it causes.
package struct SQLiteStoreLimits: Sendable, Equatable {
    /// Messages of one session: a conversation of a year, every minute.
    package var messagesPerSessionMax = 1_000_000
    /// Bytes that a copy leaves free on its disk, which is the store's own as a rule: turns must not fail for a backup.
    package var copyReserveBytes = 256 << 20

    /// The defaults.
    package init() {}
}

/// See `SessionStore` for the contract.
final class SQLiteSessionStore: SessionStore {
    private let queue: StoreQueue
    private let locks: InMemoryLockManager
    private let clock: any EngineClock
    private let limits: SQLiteStoreLimits

    /// - Parameter locks: where the locks of sessions are held; asked when a turn is appended.
    init(_ queue: StoreQueue, locks: InMemoryLockManager, clock: any EngineClock, limits: SQLiteStoreLimits) {
        self.queue = queue
        self.locks = locks
        self.clock = clock
        self.limits = limits
    }

    // MARK: Turns

    func findTurn(owner: String, sessionID: String, turnID: String) async throws -> StoredTurn? {
        let key = SessionKey(owner: owner, id: sessionID)
        let wall = clock.wallMicroseconds
        return try await queue.read("the look-up of a turn") { connection in
            guard let session = try connection.session(key, at: wall) else { return nil }
            return try connection.turn(turnID, of: session, at: wall)
        }
    }

    func loadWindow(
        owner: String, sessionID: String, limit: WindowLimit, idleLifetime: Duration?
    ) async throws -> HistoryWindow {
        let key = SessionKey(owner: owner, id: sessionID)
        let wall = clock.wallMicroseconds
        let messagesMax = limits.messagesPerSessionMax
        return try await queue.read("the look-up of a conversation") { connection in
            guard let session = try connection.session(key, at: wall) else {
                return HistoryWindow(session: nil, messages: [])
            }
            try Self.checkRoom(messagesMax, session.messageCount + Self.shortestTurnMessages)
            let messages = try connection.window(of: session, limit: limit)
            connection.keepAlive(session, for: idleLifetime, at: wall)
            return HistoryWindow(session: connection.renewed(session), messages: messages)
        }
    }

    func append(_ turn: TurnAppend) async throws -> AppendOutcome {
        precondition(turn.turn.text == turn.messages.last?.text, "a turn's last message is its answer")
        let (clock, locks) = (clock, locks)
        let messagesMax = limits.messagesPerSessionMax
        let weight =
            turn.messages.reduce(0) { $0 + $1.pageBytes }
            + turn.turn.toolRuns.reduce(0) { $0 + $1.arguments.utf8.count + $1.output.utf8.count }
        return try await queue.write("the turn", weight: weight) { connection in
            let wall = clock.wallMicroseconds
            let session = try connection.session(SessionKey(owner: turn.owner, id: turn.sessionID), at: wall)
            if let session, let stored = try connection.turn(turn.turn.id, of: session, at: wall) {
                return .duplicate(stored)
            }
            // Asked on the queue: whoever takes the lock after that loads the session after this append.
            guard locks.holds(turn.lockKey, token: turn.lockToken) else { return .lockLost }
            guard session?.generation == turn.generation else { return .sessionDeleted }
            try Self.checkRoom(messagesMax, (session?.messageCount ?? 0) + turn.messages.count)
            return .appended(try connection.append(turn, to: session, at: wall), reached: .disk)
        }
    }

    func importMessages(_ messages: MessageImport) async throws -> ImportOutcome {
        let (clock, locks) = (clock, locks)
        let messagesMax = limits.messagesPerSessionMax
        let request = messages.request
        let weight = request.messages.reduce(0) { $0 + $1.pageBytes }
        return try await queue.write("the import", weight: weight) { connection in
            let wall = clock.wallMicroseconds
            // As in `append`.
            guard locks.holds(messages.lockKey, token: messages.lockToken) else { return .lockLost }
            let session = try connection.session(SessionKey(owner: request.owner, id: request.sessionID), at: wall)
            guard let added = request.newMessages(behind: session?.messageCount ?? 0) else { return .conflict }
            if let session {
                guard try connection.holds(request, in: session) else { return .conflict }
                if added.isEmpty { return .imported(session, added: 0) }
            }
            try Self.checkRoom(messagesMax, (session?.messageCount ?? 0) + added.count)
            let stored = try connection.add(added, of: messages, to: session, at: wall)
            return .imported(stored, added: added.count)
        }
    }

    /// A question and its answer.
    private static let shortestTurnMessages = 2

    private static func checkRoom(_ messagesMax: Int, _ count: Int) throws(EngineError) {
        guard count > messagesMax else { return }
        throw .limitReached(
            "messagesPerSessionMax", messagesMax,
            "the session would have \(count) messages, more than the SQLite store's limit messagesPerSessionMax; go on "
                + "in a new session")
    }

    // MARK: Sessions

    func session(owner: String, id: String) async throws -> Session? {
        let key = SessionKey(owner: owner, id: id)
        let wall = clock.wallMicroseconds
        return try await queue.read("the look-up of a session") { try $0.session(key, at: wall) }
    }

    func sessions(in scope: SessionScope, limit: PageLimit, pageToken: String?) async throws -> Page<Session> {
        let wall = clock.wallMicroseconds
        var before = Int64.max
        if let pageToken { before = Int64(bitPattern: try PageToken.parse(pageToken, count: 1)[0]) }
        return try await queue.read("the list of sessions") { [before] connection in
            try connection.sessions(in: scope, limit: limit, before: before, at: wall)
        }
    }

    func updateSession(owner: String, id: String, change: SessionChange) async throws -> Session? {
        let key = SessionKey(owner: owner, id: id)
        let clock = clock
        return try await queue.write("the change of the session") { connection in
            guard var session = try connection.session(key, at: clock.wallMicroseconds) else { return nil }
            if let title = change.title { session.title = title }
            if let labels = change.labels { session.labels = labels }
            try connection.sessions.change.run(session.title, StoredJSON.text(session.labels), session.number)
            return session
        }
    }

    func deleteSession(owner: String, id: String) async throws -> Bool {
        let key = SessionKey(owner: owner, id: id)
        let clock = clock
        return try await queue.write("the deletion of the session") { connection in
            guard let session = try connection.storedSession(key) else { return false }
            try connection.remove(session.number)
            return !connection.isExpired(session, at: clock.wallMicroseconds)
        }
    }

    func messages(
        owner: String, sessionID: String, order: MessageOrder, limit: PageLimit, pageToken: String?
    ) async throws -> Page<StoredMessage>? {
        let key = SessionKey(owner: owner, id: sessionID)
        let wall = clock.wallMicroseconds
        return try await queue.read("the list of messages") { connection in
            guard let session = try connection.session(key, at: wall) else { return nil }
            return try connection.messages(of: session, order: order, limit: limit, pageToken: pageToken)
        }
    }

    func removeExpiredSessions(limit: Int) async throws -> ExpiryStep {
        let clock = clock
        return try await queue.write("the removal of expired sessions") { connection in
            try connection.removeExpired(limit: limit, at: clock.wallMicroseconds)
        }
    }
}
