// The port to durable conversations. Implementations: in memory here, SQLiteStore, RedisStore; one conformance suite
// (Tests/EngineConformance) holds them all to what is written here.

/// How much history a turn wants: the newest messages up to both limits.
public struct WindowLimit: Sendable, Equatable {
    /// Nil for all.
    public var messages: Int?
    /// Nil for all. The newest message is given even when it alone is larger.
    public var bytes: Int?

    /// A limit; see the properties.
    public init(messages: Int? = nil, bytes: Int? = nil) {
        self.messages = messages
        self.bytes = bytes
    }
}

/// A finished turn on its way into the store.
public struct TurnAppend: Sendable {
    public var owner: String
    public var sessionID: String
    /// Becomes the session's user when this makes the session.
    public var userID: String
    /// Becomes the session's title when this makes the session.
    public var title: String
    /// The session's lock, which must still be held with `lockToken`.
    public var lockKey: LockKey
    public var lockToken: LockToken
    /// What `loadWindow` said; nil when there was no session then. Differs when it was deleted meanwhile.
    public var generation: UInt64?
    /// The user's message first, the final answer last.
    public var messages: [StoredMessage]
    public var turn: StoredTurn
    /// How long the session lives without another turn; nil for ever.
    public var idleLifetime: Duration?

    /// An append; see the properties.
    public init(
        owner: String, sessionID: String, userID: String, title: String, lockKey: LockKey, lockToken: LockToken,
        generation: UInt64?, messages: [StoredMessage], turn: StoredTurn, idleLifetime: Duration?
    ) {
        self.owner = owner
        self.sessionID = sessionID
        self.userID = userID
        self.title = title
        self.lockKey = lockKey
        self.lockToken = lockToken
        self.generation = generation
        self.messages = messages
        self.turn = turn
        self.idleLifetime = idleLifetime
    }
}

/// A turn that begins: what to look up, what to lock and what to load.
public struct TurnOpening: Sendable {
    public var owner: String
    public var sessionID: String
    public var turnID: String
    /// The session's lock. Its wait deadline is not looked at.
    public var lock: LockRequest
    public var window: WindowLimit
    /// As in `loadWindow`.
    public var idleLifetime: Duration?

    /// An opening; see the properties.
    public init(
        owner: String, sessionID: String, turnID: String, lock: LockRequest, window: WindowLimit,
        idleLifetime: Duration?
    ) {
        self.owner = owner
        self.sessionID = sessionID
        self.turnID = turnID
        self.lock = lock
        self.window = window
        self.idleLifetime = idleLifetime
    }
}

/// What opening a turn came to.
public enum TurnOpened: Sendable, Equatable {
    /// A turn of this id is there. The lock was not taken.
    indirect case stored(StoredTurn)
    /// The lock is held, no turn of this id was stored when it was taken, and this is what was loaded under it.
    indirect case opened(LockLease, HistoryWindow)
    /// No turn of this id is there, and the lock was not taken: ask the lock manager for it, then look up and load.
    case notLocked
}

/// Where a stored turn is when its caller is told.
public enum Durability: Sendable, Hashable, CaseIterable {
    /// In one process's memory: this one's, or a server's that keeps it as it is set to.
    case memory
    /// On a disk.
    case disk
    /// In a second server's memory.
    case replica
}

/// What became of an append. All but the first changed nothing.
public enum AppendOutcome: Sendable, Equatable {
    /// The session as it is then, and where the turn is.
    case appended(Session, reached: Durability = .memory)
    /// A turn of this id is already there.
    case duplicate(StoredTurn)
    /// The token does not hold the session's lock any more.
    case lockLost
    /// The session was deleted or expired since it was loaded, or made by somebody else.
    case sessionDeleted
}

/// What one step of removing expired sessions did.
public struct ExpiryStep: Sendable, Equatable {
    /// Sessions that it removed.
    public var removed: Int
    /// True when there is work for another step at once.
    public var hasMore: Bool

    /// A step; made by stores.
    public init(removed: Int, hasMore: Bool) {
        self.removed = removed
        self.hasMore = hasMore
    }
}

/// Durable conversations. Every method may be called from any loop, takes the owner, and sees only that owner's
/// sessions.
///
/// Reads end with their task's cancellation. Every method has a time limit of its own, and throws `EngineError` of kind
/// `unavailable` when the store cannot be reached. An expired session is nowhere to be seen, swept or not.
public protocol SessionStore: Sendable {
    /// A stored turn, kept for `SessionStoreRules.turnRetention` and as long as its session; nil when there is none.
    func findTurn(owner: String, sessionID: String, turnID: String) async throws -> StoredTurn?

    /// Looks the turn up, takes the session's lock where it is free and nobody stands in line for it, and loads the
    /// window, in fewer steps than one call for each would take. A store that has no such way looks the turn up only.
    ///
    /// Cut off, it may have taken the lock, so a caller that gives up releases the token.
    ///
    /// - Throws: as `findTurn` and `loadWindow`; `EngineError` of kind `outcomeUnknown` when the lock may have been
    ///   taken.
    func openTurn(_ opening: TurnOpening) async throws -> TurnOpened

    /// True where `append` gives the session's lock back in the step that stores the turn.
    var releasesLockOnAppend: Bool { get }

    /// The session and the newest messages, never reading more of them than `limit` needs.
    ///
    /// Makes the session live for at least `idleLifetime` from now, so that it does not expire under a running turn;
    /// changes neither its last activity nor its place in lists.
    ///
    /// - Throws: `EngineError` of kind `resourceExhausted` when the store knows that not even the shortest turn could
    ///   be appended. Said here, because a turn that is refused when it is appended has paid its model already.
    func loadWindow(
        owner: String, sessionID: String, limit: WindowLimit, idleLifetime: Duration?
    ) async throws -> HistoryWindow

    /// Stores a turn as one atomic operation, which checks in this order: is the turn id already there (`duplicate`),
    /// is the lock still held by the token (`lockLost`), is the session the one that was loaded (`sessionDeleted`). It
    /// makes the session when there was none, renews its expiry and makes it the most recently active one.
    ///
    /// Once begun it is not stopped by its task's cancellation: it returns when it knows the outcome.
    ///
    /// - Throws: `EngineError` of kind `outcomeUnknown` when it was sent and no answer came; any other kind when
    /// certainly
    ///   nothing was stored.
    func append(_ turn: TurnAppend) async throws -> AppendOutcome

    /// Stores imported messages as one atomic operation, which checks in this order: is the lock still held by the
    /// token (`lockLost`), does the session reach up to the first position, and do the messages that stand there
    /// already have the same roles and texts (`conflict`). Those behind them are added; it makes the session when there
    /// was none and the first position is 1. Where something is added it renews the session's expiry and makes it the
    /// most recently active one.
    ///
    /// Once begun it is not stopped by its task's cancellation.
    ///
    /// - Throws: as `append`.
    func importMessages(_ messages: MessageImport) async throws -> ImportOutcome

    /// The session, or nil.
    func session(owner: String, id: String) async throws -> Session?

    /// One owner's sessions or everybody's, most recently active first.
    ///
    /// A session that is not touched while paging is neither skipped nor repeated, whatever happens to the others.
    ///
    /// - Throws: `EngineError.badPageToken()`.
    func sessions(
        in scope: SessionScope, limit: PageLimit, pageToken: String?
    ) async throws -> Page<Session>

    /// Changes title or labels, and neither activity nor expiry. Nil when there is no such session.
    ///
    /// - Throws: `EngineError` of kind `resourceExhausted` when the store has no room for what is added.
    func updateSession(owner: String, id: String, change: SessionChange) async throws -> Session?

    /// Removes the session with its messages and turns. False when there was none.
    func deleteSession(owner: String, id: String) async throws -> Bool

    /// The session's messages. Nil when there is no such session. A token goes with its order, and outlives appends but
    /// not the session: it is refused after a deletion.
    ///
    /// - Throws: `EngineError.badPageToken()`.
    func messages(
        owner: String, sessionID: String, order: MessageOrder, limit: PageLimit, pageToken: String?
    ) async throws -> Page<StoredMessage>?

    /// Removes up to `limit` expired sessions, and some of what removed sessions left behind, as one small step of many
    /// that holds up nobody. Stores whose sessions vanish by themselves have nothing to do.
    func removeExpiredSessions(limit: Int) async throws -> ExpiryStep
}

extension SessionStore {
    /// Looks the turn up.
    public func openTurn(_ opening: TurnOpening) async throws -> TurnOpened {
        let stored = try await findTurn(
            owner: opening.owner, sessionID: opening.sessionID, turnID: opening.turnID)
        return stored.map { .stored($0) } ?? .notLocked
    }

    /// False.
    public var releasesLockOnAppend: Bool { false }
}

/// What all stores agree upon.
public enum SessionStoreRules {
    /// How long a turn's id is kept: longer than any caller's retries last.
    public static let turnRetention: Duration = .seconds(24 * 60 * 60)
}
