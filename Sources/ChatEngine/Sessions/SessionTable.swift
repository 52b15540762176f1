// All conversations of the in-memory store: what it decides, pure, without clock, mutex or locks.

internal import DequeModule

/// Sessions with their messages and turns, bounded, ordered by activity and by expiry.
struct SessionTable: Sendable {
    struct SessionKey: Sendable, Hashable {
        var owner: String
        var id: String
    }

    struct Record: Sendable {
        var session: Session
        var messages: [StoredMessage] = []
        var turns: [String: StoredTurn] = [:]
        /// Oldest first, to forget them after their time.
        var turnOrder: Deque<String> = []
        var byteCount = 0
        /// The place in the expiry log; nil when the session never expires.
        var renewal: Int64?

        /// Puts messages behind those that are there.
        mutating func add(_ added: ArraySlice<StoredMessage>) {
            for var message in added {
                message.position = messages.count + 1
                messages.append(message)
            }
            session.messageCount = messages.count
        }
    }

    let limits: InMemoryStoreLimits
    private var records: [SessionKey: Record] = [:]
    private var lists: [SessionScope: ActivityLog<SessionKey>] = [:]
    /// In the order of renewal, which is the order of expiry as long as the lifetime does not change.
    private var renewals = ActivityLog<SessionKey>()
    private var byteCount = 0
    private var lastActivity: Int64 = 0
    private var lastRenewal: Int64 = 0
    private var lastGeneration: UInt64 = 0

    init(limits: InMemoryStoreLimits) { self.limits = limits }

    var count: Int { records.count }
    var bytes: Int { byteCount }

    // MARK: Reading

    /// The record unless it expired.
    func record(_ key: SessionKey, at wall: Int64) -> Record? {
        guard let record = records[key], !Self.isExpired(record, at: wall) else { return nil }
        return record
    }

    func findTurn(_ key: SessionKey, turnID: String, at wall: Int64) -> StoredTurn? {
        guard let turn = record(key, at: wall)?.turns[turnID], Self.isKept(turn, at: wall) else { return nil }
        return turn
    }

    /// - Throws: `resourceExhausted` when not even the shortest turn could be appended.
    mutating func loadWindow(
        _ key: SessionKey, limit: WindowLimit, idleLifetime: Duration?, at wall: Int64
    ) throws(EngineError) -> HistoryWindow {
        let existingMessages = record(key, at: wall)?.messages.count
        try checkRoom(
            existingMessages: existingMessages, addedMessages: Self.shortestTurnMessages,
            addedBytes: Self.shortestTurnBytes + (existingMessages == nil ? Self.recordOverheadBytes : 0))
        guard let record = record(key, at: wall) else { return HistoryWindow(session: nil, messages: []) }
        var start = record.messages.endIndex
        var bytes = 0
        while start > 0 {
            if let count = limit.messages, record.messages.endIndex - start >= count { break }
            bytes += record.messages[start - 1].text.utf8.count
            if let bytesMax = limit.bytes, bytes > bytesMax, start < record.messages.endIndex { break }
            start -= 1
        }
        let messages = Array(record.messages[start...])
        renew(key, idleLifetime: idleLifetime, at: wall)
        return HistoryWindow(session: records[key]?.session, messages: messages)
    }

    func sessions(
        in scope: SessionScope, limit: PageLimit, before position: Int64?, at wall: Int64
    ) -> Page<Session> {
        var page = Page<Session>(items: [], nextToken: nil)
        var bytes = 0
        lists[scope]?.forEachNewestFirst(
            before: position, isLive: isLive,
            { entry in
                guard let record = record(entry.key, at: wall) else { return true }
                bytes += record.session.pageBytes
                if let last = page.items.last, page.items.count >= limit.items || bytes > limit.bytes {
                    page.nextToken = PageToken.make(UInt64(bitPattern: last.lastActivityMicroseconds))
                    return false
                }
                page.items.append(record.session)
                return true
            })
        return page
    }

    func messages(
        _ key: SessionKey, order: MessageOrder, limit: PageLimit, pageToken: String?, at wall: Int64
    ) throws(EngineError) -> Page<StoredMessage>? {
        guard let record = record(key, at: wall) else { return nil }
        let step = order == .oldestFirst ? 1 : -1
        var index = order == .oldestFirst ? 0 : record.messages.count - 1
        if let pageToken {
            let numbers = try PageToken.parse(pageToken, count: 3)
            guard numbers[0] == record.session.generation, numbers[1] == (order == .oldestFirst ? 0 : 1),
                numbers[2] < UInt64(record.messages.count)
            else { throw .badPageToken() }
            index = Int(numbers[2])
        }
        var page = Page<StoredMessage>(items: [], nextToken: nil)
        var bytes = 0
        while record.messages.indices.contains(index) {
            bytes += record.messages[index].pageBytes
            if !page.items.isEmpty, page.items.count >= limit.items || bytes > limit.bytes {
                page.nextToken = PageToken.make(
                    record.session.generation, order == .oldestFirst ? 0 : 1, UInt64(index))
                break
            }
            page.items.append(record.messages[index])
            index += step
        }
        return page
    }

    // MARK: Writing

    /// Stores a turn; see `SessionStore.append`. `lockIsHeld` is asked at most once.
    mutating func append(
        _ append: TurnAppend, at wall: Int64, lockIsHeld: () -> Bool
    ) throws(EngineError) -> AppendOutcome {
        let key = SessionKey(owner: append.owner, id: append.sessionID)
        if let stored = findTurn(key, turnID: append.turn.id, at: wall) { return .duplicate(stored) }
        guard lockIsHeld() else { return .lockLost }
        // Only numbers leave the record here: a copy of it would make the array below be copied too.
        let existing = record(key, at: wall).map { ($0.session.generation, $0.messages.count) }
        guard existing?.0 == append.generation else { return .sessionDeleted }
        var addedBytes = Self.byteCount(of: append)
        let newSession =
            existing == nil
            ? makeSession(key, userID: append.userID, title: append.title, createdAt: wall, at: wall) : nil
        try checkRoom(
            existingMessages: existing?.1, addedMessages: append.messages.count,
            addedBytes: addedBytes + (newSession.map(Self.recordBytes(of:)) ?? 0))
        if let newSession {
            // An expired one of the same id may still lie here.
            _ = remove(key)
            insert(newSession, key)
        }
        touch(key, at: wall)
        update(key) { record in
            record.add(append.messages[...])
            // An id that is used again after its time: the former turn goes with its place in the order.
            if let former = record.turns.updateValue(append.turn, forKey: append.turn.id) {
                record.turnOrder.removeAll { $0 == append.turn.id }
                addedBytes -= Self.byteCount(of: former)
            }
            record.turnOrder.append(append.turn.id)
            record.byteCount += addedBytes
        }
        byteCount += addedBytes
        forgetOldTurns(of: key, at: wall)
        renew(key, idleLifetime: append.idleLifetime, at: wall)
        guard let session = records[key]?.session else { preconditionFailure("a session is there after an append") }
        return .appended(session)
    }

    /// Stores imported messages; see `SessionStore.importMessages`. `lockIsHeld` is asked at most once.
    mutating func importMessages(
        _ messages: MessageImport, at wall: Int64, lockIsHeld: () -> Bool
    ) throws(EngineError) -> ImportOutcome {
        let request = messages.request
        let key = SessionKey(owner: request.owner, id: request.sessionID)
        guard lockIsHeld() else { return .lockLost }
        let existingMessages = record(key, at: wall)?.messages.count
        guard let added = request.newMessages(behind: existingMessages ?? 0) else { return .conflict }
        if let existing = record(key, at: wall) {
            let known = existing.messages.dropFirst(request.firstPosition - 1).prefix(request.messages.count)
            guard known.allSatisfy(request.repeats) else { return .conflict }
            if added.isEmpty { return .imported(existing.session, added: 0) }
        }
        let newSession = existingMessages == nil ? makeSession(key, request, at: wall) : nil
        let addedBytes = added.reduce(0) { $0 + Self.byteCount(of: $1) }
        try checkRoom(
            existingMessages: existingMessages, addedMessages: added.count,
            addedBytes: addedBytes + (newSession.map(Self.recordBytes(of:)) ?? 0))
        if let newSession {
            // An expired one of the same id may still lie here.
            _ = remove(key)
            insert(newSession, key)
        }
        touch(key, at: wall)
        update(key) { record in
            record.add(added)
            record.byteCount += addedBytes
        }
        byteCount += addedBytes
        renew(key, idleLifetime: messages.idleLifetime, at: wall)
        guard let session = records[key]?.session else { preconditionFailure("a session is there after an import") }
        return .imported(session, added: added.count)
    }

    /// - Throws: `resourceExhausted` when the session would grow beyond the store's limit.
    mutating func change(
        _ key: SessionKey, _ change: SessionChange, at wall: Int64
    ) throws(EngineError) -> Session? {
        guard let old = record(key, at: wall) else { return nil }
        var session = old.session
        if let title = change.title { session.title = title }
        if let labels = change.labels { session.labels = labels }
        let addedBytes = session.pageBytes - old.session.pageBytes
        if addedBytes > 0 { try checkBytes(addedBytes) }
        update(key) { record in
            record.session = session
            record.byteCount += addedBytes
        }
        byteCount += addedBytes
        return session
    }

    /// Takes a session out, for the caller to let go of outside the mutex.
    mutating func remove(_ key: SessionKey) -> Record? {
        guard let record = records.removeValue(forKey: key) else { return nil }
        byteCount -= record.byteCount
        leaveLists(key)
        if record.renewal != nil { markRenewalStale() }
        return record
    }

    /// Takes up to `limit` expired sessions out.
    mutating func removeExpired(limit: Int, at wall: Int64) -> [Record] {
        var removed: [Record] = []
        while removed.count < limit {
            guard let oldest = renewals.oldest(isLive: { records[$0.key]?.renewal == $0.position }),
                let record = records[oldest.key], Self.isExpired(record, at: wall)
            else { break }
            if let record = remove(oldest.key) { removed.append(record) }
        }
        return removed
    }

    // MARK: Parts

    private mutating func makeSession(
        _ key: SessionKey, userID: String, title: String, labels: [String: String] = [:], createdAt: Int64,
        at wall: Int64
    ) -> Session {
        lastGeneration = max(lastGeneration + 1, UInt64(clamping: wall))
        return Session(
            id: key.id, owner: key.owner, userID: userID, title: title, labels: labels, messageCount: 0,
            createdAtMicroseconds: createdAt, lastActivityMicroseconds: 0, expiresAtMicroseconds: nil,
            generation: lastGeneration)
    }

    private mutating func makeSession(_ key: SessionKey, _ request: ImportRequest, at wall: Int64) -> Session {
        makeSession(
            key, userID: request.userID, title: request.title, labels: request.labels,
            createdAt: request.createdAtMicroseconds, at: wall)
    }

    private mutating func insert(_ session: Session, _ key: SessionKey) {
        var record = Record(session: session)
        record.byteCount = Self.recordBytes(of: session)
        byteCount += record.byteCount
        records[key] = record
    }

    /// Makes the session the most recently active one.
    private mutating func touch(_ key: SessionKey, at wall: Int64) {
        guard let session = records[key]?.session else { return }
        // Greater than every one before, whatever the system's clock does, so that lists have one order.
        lastActivity = max(lastActivity + 1, wall)
        let isNew = session.lastActivityMicroseconds == 0
        records[key]?.session.lastActivityMicroseconds = lastActivity
        for scope in Self.scopes(of: key) {
            if !isNew { markListStale(scope) }
            lists[scope, default: ActivityLog()].append(position: lastActivity, key: key)
        }
    }

    private mutating func renew(_ key: SessionKey, idleLifetime: Duration?, at wall: Int64) {
        guard let former = records[key]?.renewal ?? nil else {
            if records[key] != nil, let idleLifetime { setRenewal(key, idleLifetime, at: wall) }
            return
        }
        precondition(former <= lastRenewal, "a renewal is not older than the last")
        records[key]?.renewal = nil
        records[key]?.session.expiresAtMicroseconds = nil
        markRenewalStale()
        if let idleLifetime { setRenewal(key, idleLifetime, at: wall) }
    }

    private mutating func setRenewal(_ key: SessionKey, _ idleLifetime: Duration, at wall: Int64) {
        lastRenewal += 1
        let (expiry, overflow) = wall.addingReportingOverflow(idleLifetime.microseconds)
        records[key]?.renewal = lastRenewal
        records[key]?.session.expiresAtMicroseconds = overflow ? .max : expiry
        renewals.append(position: lastRenewal, key: key)
    }

    private mutating func leaveLists(_ key: SessionKey) {
        for scope in Self.scopes(of: key) {
            markListStale(scope)
            if lists[scope]?.liveCount == 0 { lists[scope] = nil }
        }
    }

    private mutating func markListStale(_ scope: SessionScope) {
        // Out of the dictionary meanwhile, so that `isLive` may look at the rest of the table and nothing is copied.
        guard var log = lists.removeValue(forKey: scope) else { return }
        log.markStale(isLive: isLive)
        lists[scope] = log
    }

    private mutating func markRenewalStale() {
        let records = records
        renewals.markStale { records[$0.key]?.renewal == $0.position }
    }

    private func isLive(_ entry: ActivityLog<SessionKey>.Entry) -> Bool {
        records[entry.key]?.session.lastActivityMicroseconds == entry.position
    }

    /// Forgets a few turns whose time is over: two for each that comes, so that they cannot pile up.
    private mutating func forgetOldTurns(of key: SessionKey, at wall: Int64) {
        for _ in 0..<2 {
            guard let id = records[key]?.turnOrder.first, let turn = records[key]?.turns[id],
                !Self.isKept(turn, at: wall)
            else { return }
            let bytes = Self.byteCount(of: turn)
            update(key) { record in
                record.turnOrder.removeFirst()
                record.turns[id] = nil
                record.byteCount -= bytes
            }
            byteCount -= bytes
        }
    }

    private mutating func update(_ key: SessionKey, _ body: (inout Record) -> Void) {
        guard let index = records.index(forKey: key) else { return }
        body(&records.values[index])
    }

    private static func scopes(of key: SessionKey) -> [SessionScope] { [.owner(key.owner), .allOwners] }

    private static func isExpired(_ record: Record, at wall: Int64) -> Bool {
        record.session.expiresAtMicroseconds.map { $0 <= wall } ?? false
    }

    private static func isKept(_ turn: StoredTurn, at wall: Int64) -> Bool {
        wall - turn.finishedAtMicroseconds < SessionStoreRules.turnRetention.microseconds
    }
}

// MARK: Limits

extension SessionTable {
    /// Dictionary slots, log entries and array headers of a session, measured roughly.
    private static let recordOverheadBytes = 600
    /// A message's struct and the heads of its strings.
    private static let messageOverheadBytes = 150
    /// A turn's struct and its dictionary slot.
    private static let turnOverheadBytes = 400

    /// A question and its answer.
    private static let shortestTurnMessages = 2
    private static let shortestTurnBytes = shortestTurnMessages * messageOverheadBytes + turnOverheadBytes

    /// Asked when a turn begins and when it is stored, so that no model is paid for a turn that cannot be stored.
    ///
    /// - Parameter existingMessages: nil for a new session.
    private func checkRoom(
        existingMessages: Int?, addedMessages: Int, addedBytes: Int
    ) throws(EngineError) {
        if existingMessages == nil, count >= limits.sessionsMax {
            throw .limitReached(
                "sessionsMax", limits.sessionsMax,
                "the in-memory store holds \(count) sessions, its limit sessionsMax; delete some, or use another store")
        }
        let messageCount = (existingMessages ?? 0) + addedMessages
        guard messageCount <= limits.messagesPerSessionMax else {
            throw .limitReached(
                "messagesPerSessionMax", limits.messagesPerSessionMax,
                "the session would have \(messageCount) messages, more than the in-memory store's limit "
                    + "messagesPerSessionMax; go on in a new session")
        }
        try checkBytes(addedBytes)
    }

    private func checkBytes(_ addedBytes: Int) throws(EngineError) {
        guard bytes + addedBytes <= limits.bytesMax else {
            throw .limitReached(
                "bytesMax", limits.bytesMax,
                "the in-memory store is full at \(bytes) bytes, its limit bytesMax; delete sessions, or use another "
                    + "store"
            )
        }
    }

    private static func recordBytes(of session: Session) -> Int { recordOverheadBytes + session.pageBytes }

    /// What the messages and the turn add.
    private static func byteCount(of append: TurnAppend) -> Int {
        append.messages.reduce(byteCount(of: append.turn)) { $0 + byteCount(of: $1) }
    }

    private static func byteCount(of message: StoredMessage) -> Int { messageOverheadBytes + message.pageBytes }

    /// Without its text, which the message shares.
    private static func byteCount(of turn: StoredTurn) -> Int {
        var count = turnOverheadBytes
        for run in turn.toolRuns { count += run.arguments.utf8.count + run.output.utf8.count }
        return count
    }
}
