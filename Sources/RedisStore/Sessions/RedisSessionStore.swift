// Conversations in Redis: what the port asks, as scripts of one slot.

internal import ChatEngine

/// How much one conversation takes.
package struct RedisStoreLimits: Sendable, Equatable {
    /// Messages of one session: a conversation of a year, every minute.
    package var messagesPerSessionMax = 1_000_000

    /// The defaults.
    package init() {}
}

/// See `SessionStore` for the contract.
final class RedisSessionStore: SessionStore {
    private let loops: RedisLoops
    private let keys: RedisKeys
    private let index: SessionIndex
    private let locks: RedisLockManager
    private let limits: RedisStoreLimits

    /// A first read of this many where all messages are wanted; the rest is read in parts of that size, too.
    private static let windowPart = 64
    /// A question and its answer.
    private static let shortestTurnMessages = 2
    /// Other programs may add messages while an import looks at the conversation.
    private static let importAttemptsMax = 5

    /// - Parameter locks: where the locks of sessions are held.
    init(_ loops: RedisLoops, keys: RedisKeys, locks: RedisLockManager, limits: RedisStoreLimits) {
        self.loops = loops
        self.locks = locks
        self.keys = keys
        self.limits = limits
        index = SessionIndex(loops: loops, keys: keys)
    }

    // MARK: Turns

    func findTurn(owner: String, sessionID: String, turnID: String) async throws -> StoredTurn? {
        let conversation = keys.conversation(owner: owner, id: sessionID)
        var call = ScriptCall(.findTurn, keys: [conversation.list, conversation.turns])
        call.add(turnID)
        call.add(SessionStoreRules.turnRetention.microseconds)
        let record = try await loops.run(call)
        return record.isNull ? nil : try TurnFormat.turn(turnID, record)
    }

    func openTurn(_ opening: TurnOpening) async throws -> TurnOpened {
        let conversation = keys.conversation(owner: opening.owner, id: opening.sessionID)
        var call = ScriptCall(
            .openTurn, keys: [conversation.list, conversation.meta, conversation.turns, conversation.lock])
        call.add(opening.turnID)
        call.add(SessionStoreRules.turnRetention.microseconds)
        // A window of several parts is loaded under a lease that is renewed meanwhile.
        let wanted = opening.window.messages ?? .max
        locks.addAcquisition(of: opening.lock, isWanted: wanted <= Self.windowPart, to: &call)
        call.add(min(wanted, Self.windowPart))
        call.add(Self.milliseconds(opening.idleLifetime))
        let start = locks.clock.now
        let reply = try await loops.run(call, "the request for the session's lock")
        switch reply[0]?.text {
        case "stored":
            guard let record = reply[1] else { throw SessionFormat.damage }
            return .stored(try TurnFormat.turn(opening.turnID, record))
        case "busy": return .notLocked
        case "open":
            let lease = locks.lease(opening.lock, fence: reply[1]?.unsigned ?? 0, at: start)
            guard let session = reply[2], let messages = reply[3] else {
                return .opened(lease, HistoryWindow(session: nil, messages: []))
            }
            do {
                let window = try await window(
                    owner: opening.owner, sessionID: opening.sessionID, opening.window, session, messages)
                return .opened(lease, window)
            } catch {
                // Nobody else knows the token.
                _ = try? await locks.release(lease)
                throw error
            }
        default: throw SessionFormat.damage
        }
    }

    var releasesLockOnAppend: Bool { true }

    func loadWindow(
        owner: String, sessionID: String, limit: WindowLimit, idleLifetime: Duration?
    ) async throws -> HistoryWindow {
        let conversation = keys.conversation(owner: owner, id: sessionID)
        var call = ScriptCall(.loadWindow, keys: [conversation.list, conversation.meta])
        call.add(min(limit.messages ?? .max, Self.windowPart))
        call.add(Self.milliseconds(idleLifetime))
        let reply = try await loops.run(call)
        guard !reply.isNull, let session = reply[0], let messages = reply[1] else {
            return HistoryWindow(session: nil, messages: [])
        }
        return try await window(owner: owner, sessionID: sessionID, limit, session, messages)
    }

    /// The window that begins with these messages, the newest first; reads more where more is wanted.
    private func window(
        owner: String, sessionID: String, _ limit: WindowLimit, _ session: RedisValue, _ messages: RedisValue
    ) async throws -> HistoryWindow {
        let session = try SessionFormat.session(owner: owner, id: sessionID, session)
        try checkRoom(session.messageCount + Self.shortestTurnMessages)
        let list = keys.list(owner: owner, id: sessionID)
        let wanted = limit.messages ?? .max
        var window = Window(bytesMax: limit.bytes)
        window.add(messages, newestAt: session.messageCount)
        while !window.isFull, window.nextPosition > 0, window.count < wanted {
            // Counted from the oldest, so that what others add meanwhile moves nothing.
            let part = min(Self.windowPart, wanted - window.count, window.nextPosition)
            let end = window.nextPosition
            let more = try await loops.send(RedisCommand("LRANGE", list, String(-end), String(-(end - part + 1))))
            if more.count == 0 { break }
            window.add(more, newestAt: end)
        }
        return HistoryWindow(session: session, messages: window.messages.reversed())
    }

    /// Collects a window from the newest message on.
    private struct Window {
        let bytesMax: Int?
        /// Newest first.
        private(set) var messages: [StoredMessage] = []
        private(set) var isFull = false
        /// Elements that were looked at.
        private(set) var count = 0
        /// The place of the next older message; 0 where there is none.
        private(set) var nextPosition = 0
        private var bytes = 0

        init(bytesMax: Int?) { self.bytesMax = bytesMax }

        mutating func add(_ elements: RedisValue, newestAt position: Int) {
            nextPosition = position
            for element in elements.elements where !isFull {
                // What cannot be read is of no use to a model.
                if let message = MessageFormat.readable(element, at: nextPosition) {
                    bytes += message.text.utf8.count
                    if let bytesMax, bytes > bytesMax, !messages.isEmpty {
                        isFull = true
                        return
                    }
                    messages.append(message)
                }
                count += 1
                nextPosition -= 1
            }
        }
    }

    func append(_ turn: TurnAppend) async throws -> AppendOutcome {
        var call = writing(
            .appendTurn, owner: turn.owner, id: turn.sessionID, token: turn.lockToken,
            generation: turn.generation.map(String.init) ?? "", idleLifetime: turn.idleLifetime, userID: turn.userID,
            title: turn.title)
        call.add(turn.turn.id)
        call.add(TurnFormat.bytes(turn.turn))
        call.add(turn.turn.finishedAtMicroseconds)
        call.add(SessionStoreRules.turnRetention.microseconds)
        call.add(keys.lockChannel(turn.lockKey))
        for message in turn.messages { call.add(MessageFormat.bytes(message)) }
        let (reply, isReplicated) = try await loops.runWriting(call, "the turn")
        switch reply[0]?.text {
        case "appended":
            guard let value = reply[1] else { throw SessionFormat.damage }
            let session = try SessionFormat.session(owner: turn.owner, id: turn.sessionID, value)
            locks.poke(turn.lockKey)
            // The turn is stored, whatever becomes of its place in the lists: repairing them is somebody's work.
            try? await index.put(session)
            return .appended(session, reached: isReplicated ? .replica : .memory)
        case "duplicate":
            guard let record = reply[1] else { throw SessionFormat.damage }
            return .duplicate(try TurnFormat.turn(turn.turn.id, record))
        case "lost": return .lockLost
        case "deleted": return .sessionDeleted
        case "full": throw full(Int(reply[1]?.integer ?? 0))
        default: throw SessionFormat.damage
        }
    }

    func importMessages(_ messages: MessageImport) async throws -> ImportOutcome {
        for _ in 0..<Self.importAttemptsMax {
            if let outcome = try await importOnce(messages) { return outcome }
        }
        // Another program writes into the conversation all the time.
        return .conflict
    }

    /// Nil where the conversation changed between the look and the write.
    private func importOnce(_ messages: MessageImport) async throws -> ImportOutcome? {
        let request = messages.request
        let conversation = keys.conversation(owner: request.owner, id: request.sessionID)
        var look = ScriptCall(.readForImport, keys: [conversation.list, conversation.meta, conversation.lock])
        look.add(messages.lockToken.value)
        look.add(request.firstPosition)
        look.add(request.messages.count)
        let found = try await loops.run(look)
        guard found[0]?.text == "held", let count = found[1]?.integer.map(Int.init) else { return .lockLost }
        guard let added = request.newMessages(behind: count) else { return .conflict }
        if let known = found[3] {
            for (offset, element) in known.elements.enumerated() {
                let stored = MessageFormat.message(element, at: request.firstPosition + offset)
                guard request.repeats(stored) else { return .conflict }
            }
            if added.isEmpty, let session = found[4] {
                return .imported(
                    try SessionFormat.session(owner: request.owner, id: request.sessionID, session), added: 0)
            }
        }
        var call = writing(
            .addMessages, owner: request.owner, id: request.sessionID, token: messages.lockToken,
            generation: found[2]?.text ?? "", idleLifetime: messages.idleLifetime, userID: request.userID,
            title: request.title, labels: request.labels, madeAt: request.createdAtMicroseconds)
        call.add(count)
        for message in added { call.add(MessageFormat.bytes(message)) }
        let reply = try await loops.run(call, "the import", isCancellable: false)
        switch reply[0]?.text {
        case "appended":
            guard let value = reply[1] else { throw SessionFormat.damage }
            let session = try SessionFormat.session(owner: request.owner, id: request.sessionID, value)
            try? await index.put(session)
            return .imported(session, added: added.count)
        case "lost": return .lockLost
        case "full": throw full(Int(reply[1]?.integer ?? 0))
        case "changed", "deleted": return nil
        default: throw SessionFormat.damage
        }
    }

    /// The part that both scripts that write begin with.
    private func writing(
        _ script: RedisScript, owner: String, id: String, token: LockToken, generation: String,
        idleLifetime: Duration?, userID: String, title: String, labels: [String: String] = [:], madeAt: Int64? = nil
    ) -> ScriptCall {
        let conversation = keys.conversation(owner: owner, id: id)
        var call = ScriptCall(
            script,
            keys: [
                conversation.list, conversation.meta, conversation.turns, conversation.turnOrder, conversation.lock,
            ])
        call.add(token.value)
        call.add(generation)
        call.add(Self.milliseconds(idleLifetime))
        call.add(userID)
        call.add(title)
        call.add(SessionFormat.text(labels))
        call.add(madeAt.map { String($0) } ?? "")
        call.add(limits.messagesPerSessionMax)
        return call
    }

    private func checkRoom(_ count: Int) throws(EngineError) {
        if count > limits.messagesPerSessionMax { throw full(count) }
    }

    private func full(_ count: Int) -> EngineError {
        .limitReached(
            "messagesPerSessionMax", limits.messagesPerSessionMax,
            "the session would have \(count) messages, more than the Redis store's limit messagesPerSessionMax; go on "
                + "in a new session")
    }

    /// Empty for nil. At least one, since Redis removes a key whose time is over.
    private static func milliseconds(_ duration: Duration?) -> String {
        duration.map { String(max(1, $0.microseconds / 1000)) } ?? ""
    }

    // MARK: Sessions

    func session(owner: String, id: String) async throws -> Session? {
        let reply = try await loops.run(describe(owner: owner, id: id))
        return reply.isNull ? nil : try SessionFormat.session(owner: owner, id: id, reply)
    }

    private func describe(owner: String, id: String) -> ScriptCall {
        let conversation = keys.conversation(owner: owner, id: id)
        var call = ScriptCall(.describeSession, keys: [conversation.list, conversation.meta])
        call.add("0")
        return call
    }

    func sessions(in scope: SessionScope, limit: PageLimit, pageToken: String?) async throws -> Page<Session> {
        var place = try pageToken.map { (token) throws(EngineError) in try SessionIndex.Place(token) }
        var page = Page<Session>(items: [], nextToken: nil)
        var bytes = 0
        while true {
            let (entries, isEnd) = try await index.entries(
                in: scope, behind: place, atMost: limit.items - page.items.count + 1)
            let found = try await loops.runAll(entries.map { describe(owner: $0.owner, id: $0.id) })
            for (entry, reply) in zip(entries, found) {
                guard !reply.isNull else {
                    // Gone without us: expired, or removed by another program.
                    try await index.remove(owner: entry.owner, id: entry.id, activity: entry.activity)
                    place = SessionIndex.Place(activity: entry.activity, member: entry.member)
                    continue
                }
                let session = try SessionFormat.session(owner: entry.owner, id: entry.id, reply)
                bytes += session.pageBytes
                if !page.items.isEmpty, page.items.count >= limit.items || bytes > limit.bytes {
                    page.nextToken = place?.token
                    return page
                }
                page.items.append(session)
                place = SessionIndex.Place(activity: entry.activity, member: entry.member)
            }
            if isEnd { return page }
        }
    }

    func updateSession(owner: String, id: String, change: SessionChange) async throws -> Session? {
        let conversation = keys.conversation(owner: owner, id: id)
        var call = ScriptCall(.changeSession, keys: [conversation.list, conversation.meta])
        if let title = change.title {
            call.add("t")
            call.add(title)
        }
        if let labels = change.labels {
            call.add("l")
            call.add(SessionFormat.text(labels))
        }
        let reply = try await loops.run(call, "the change of the session", isCancellable: false)
        return reply.isNull ? nil : try SessionFormat.session(owner: owner, id: id, reply)
    }

    func deleteSession(owner: String, id: String) async throws -> Bool {
        let conversation = keys.conversation(owner: owner, id: id)
        let call = ScriptCall(
            .deleteSession,
            keys: [conversation.list, conversation.meta, conversation.turns, conversation.turnOrder])
        let reply = try await loops.run(call, "the deletion of the session", isCancellable: false)
        guard reply[0]?.integer == 1 else { return false }
        // What is left in the lists is dropped by whoever finds it there.
        try? await index.remove(owner: owner, id: id, activity: reply[1]?.integer ?? 0)
        return true
    }

    func messages(
        owner: String, sessionID: String, order: MessageOrder, limit: PageLimit, pageToken: String?
    ) async throws -> Page<StoredMessage>? {
        let conversation = keys.conversation(owner: owner, id: sessionID)
        let step = order == .oldestFirst ? 1 : -1
        let direction: UInt64 = order == .oldestFirst ? 0 : 1
        let token = try pageToken.map { (token) throws(EngineError) in try PageToken.parse(token, count: 3) }
        if let token {
            guard token[1] == direction, token[2] >= 1, token[2] <= UInt64(limits.messagesPerSessionMax) else {
                throw EngineError.badPageToken()
            }
        }
        let start = token.map { Int($0[2]) } ?? (order == .oldestFirst ? 1 : 0)
        var call = ScriptCall(.readMessages, keys: [conversation.list, conversation.meta])
        call.add(start)
        call.add(step)
        call.add(limit.items)
        // As text that is escaped, a message may take twice the bytes that it counts, and more with what is around it.
        call.add(limit.bytes * 2)
        let reply = try await loops.run(call)
        guard !reply.isNull else { return nil }
        guard let generation = reply[0]?.unsigned, let count = reply[1]?.integer.map(Int.init), let found = reply[2]
        else { throw SessionFormat.damage }
        if let token, token[0] != generation || start > count { throw EngineError.badPageToken() }
        var page = Page<StoredMessage>(items: [], nextToken: nil)
        var (position, bytes) = (start == 0 ? count : start, 0)
        for element in found.elements {
            let message = MessageFormat.message(element, at: position)
            bytes += message.pageBytes
            if !page.items.isEmpty, bytes > limit.bytes { break }
            page.items.append(message)
            position += step
        }
        if (1...count).contains(position), !page.items.isEmpty {
            page.nextToken = PageToken.make(generation, direction, UInt64(position))
        }
        return page
    }

    /// Redis removes them by itself.
    func removeExpiredSessions(limit: Int) async throws -> ExpiryStep { ExpiryStep(removed: 0, hasMore: false) }
}
