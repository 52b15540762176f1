// The session store without a disk: `memory:`, tests, and programs that embed the engine. Used from every loop; the
// table is behind one mutex, whose critical sections neither wait nor call out, except to ask the lock manager of the
// same process.

internal import Synchronization

/// How much the in-memory store takes. Each limit appears by its name in the error that it causes.
public struct InMemoryStoreLimits: Sendable, Equatable {
    /// Sessions of all owners together.
    public var sessionsMax = 100_000
    /// Messages of one session.
    public var messagesPerSessionMax = 10_000
    /// Text and overhead of everything, estimated: a quarter of a small machine's memory.
    public var bytesMax = 256 * 1024 * 1024

    /// The defaults.
    public init() {}
}

/// Conversations in memory. See `SessionStore` for the contract; everything is gone with the process.
public final class InMemorySessionStore: SessionStore {
    private let locks: InMemoryLockManager
    private let clock: any EngineClock
    private let state: Mutex<SessionTable>

    /// Every load and append removes that many expired sessions, beside what `removeExpiredSessions` does.
    private static let expirySteps = 2

    /// An empty store.
    ///
    /// - Parameter locks: where the locks of sessions are held; asked when a turn is appended.
    public init(
        locks: InMemoryLockManager, clock: any EngineClock, limits: InMemoryStoreLimits = InMemoryStoreLimits()
    ) {
        self.locks = locks
        self.clock = clock
        self.state = Mutex(SessionTable(limits: limits))
    }

    public func findTurn(owner: String, sessionID: String, turnID: String) async throws -> StoredTurn? {
        let wall = clock.wallMicroseconds
        return state.withLock {
            $0.findTurn(SessionTable.SessionKey(owner: owner, id: sessionID), turnID: turnID, at: wall)
        }
    }

    public func loadWindow(
        owner: String, sessionID: String, limit: WindowLimit, idleLifetime: Duration?
    ) async throws -> HistoryWindow {
        let wall = clock.wallMicroseconds
        let key = SessionTable.SessionKey(owner: owner, id: sessionID)
        return try changeMakingRoom(at: wall) { (table) throws(EngineError) in
            try table.loadWindow(key, limit: limit, idleLifetime: idleLifetime, at: wall)
        }
    }

    public func append(_ turn: TurnAppend) async throws -> AppendOutcome {
        let wall = clock.wallMicroseconds
        return try changeMakingRoom(at: wall) { (table) throws(EngineError) in
            // Asked under this mutex: whoever takes the lock after that loads the session after this append.
            try table.append(turn, at: wall) { locks.holds(turn.lockKey, token: turn.lockToken) }
        }
    }

    public func importMessages(_ messages: MessageImport) async throws -> ImportOutcome {
        let wall = clock.wallMicroseconds
        return try changeMakingRoom(at: wall) { (table) throws(EngineError) in
            // As in `append`.
            try table.importMessages(messages, at: wall) {
                locks.holds(messages.lockKey, token: messages.lockToken)
            }
        }
    }

    /// Removes a few expired sessions and runs `body`, under the mutex.
    private func changeMakingRoom<Value: Sendable>(
        at wall: Int64, _ body: (inout SessionTable) throws(EngineError) -> Value
    ) throws(EngineError) -> Value {
        let (result, removed) = state.withLock { table -> (Result<Value, EngineError>, [SessionTable.Record]) in
            let removed = table.removeExpired(limit: Self.expirySteps, at: wall)
            do throws(EngineError) {
                return (.success(try body(&table)), removed)
            } catch {
                return (.failure(error), removed)
            }
        }
        // A long session is freed here, outside the mutex.
        _ = removed.count
        return try result.get()
    }

    public func session(owner: String, id: String) async throws -> Session? {
        let wall = clock.wallMicroseconds
        return state.withLock { $0.record(SessionTable.SessionKey(owner: owner, id: id), at: wall)?.session }
    }

    public func sessions(
        in scope: SessionScope, limit: PageLimit, pageToken: String?
    ) async throws -> Page<Session> {
        let wall = clock.wallMicroseconds
        var position: Int64?
        if let pageToken { position = Int64(bitPattern: try PageToken.parse(pageToken, count: 1)[0]) }
        return state.withLock { $0.sessions(in: scope, limit: limit, before: position, at: wall) }
    }

    public func updateSession(owner: String, id: String, change: SessionChange) async throws -> Session? {
        let wall = clock.wallMicroseconds
        return try changeMakingRoom(at: wall) { (table) throws(EngineError) in
            try table.change(SessionTable.SessionKey(owner: owner, id: id), change, at: wall)
        }
    }

    public func deleteSession(owner: String, id: String) async throws -> Bool {
        let wall = clock.wallMicroseconds
        let key = SessionTable.SessionKey(owner: owner, id: id)
        let removed = state.withLock { table -> (existed: Bool, record: SessionTable.Record?) in
            (table.record(key, at: wall) != nil, table.remove(key))
        }
        return removed.existed
    }

    public func messages(
        owner: String, sessionID: String, order: MessageOrder, limit: PageLimit, pageToken: String?
    ) async throws -> Page<StoredMessage>? {
        let wall = clock.wallMicroseconds
        let key = SessionTable.SessionKey(owner: owner, id: sessionID)
        let result = state.withLock { table -> Result<Page<StoredMessage>?, EngineError> in
            do throws(EngineError) {
                return .success(try table.messages(key, order: order, limit: limit, pageToken: pageToken, at: wall))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    public func removeExpiredSessions(limit: Int) async throws -> ExpiryStep {
        let wall = clock.wallMicroseconds
        let removed = state.withLock { $0.removeExpired(limit: limit, at: wall) }
        return ExpiryStep(removed: removed.count, hasMore: removed.count == limit)
    }

    /// How many sessions there are, expired ones that were not removed yet included.
    public var sessionCount: Int { state.withLock { $0.count } }

    /// How many bytes they take, as the limits count.
    public var byteCount: Int { state.withLock { $0.bytes } }
}
