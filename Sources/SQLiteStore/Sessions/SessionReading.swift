// What is read of conversations: windows for prompts, and pages of lists. On the store's queue.

internal import ChatEngine

extension StoreConnection {
    /// The newest messages up to both limits, oldest first, reading one more than it gives at most.
    func window(of session: Session, limit: WindowLimit) throws(SQLiteFailure) -> [StoredMessage] {
        var newest: [StoredMessage] = []
        if limit.messages == 0 { return newest }
        var bytes = 0
        try messages.newestFirst.forEach(session.number, session.messageCount) { row throws(SQLiteFailure) in
            let message = try MessageStatements.message(row)
            bytes += message.text.utf8.count
            if let bytesMax = limit.bytes, bytes > bytesMax, !newest.isEmpty { return false }
            newest.append(message)
            return limit.messages.map { newest.count < $0 } ?? true
        }
        return newest.reversed()
    }

    /// Sees to it that a session lives on for its time, or for ever, without writing it down now.
    func keepAlive(_ session: Session, for idleLifetime: Duration?, at wall: Int64) {
        guard let expiry = session.expiresAtMicroseconds else { return }
        let wanted = idleLifetime.map { Self.expiry(after: $0, from: wall) } ?? .max
        if wanted > expiry { renew(session.number, until: wanted) }
    }

    static func expiry(after idleLifetime: Duration, from wall: Int64) -> Int64 {
        let (expiry, overflow) = wall.addingReportingOverflow(idleLifetime.microseconds)
        return overflow ? .max : expiry
    }

    /// - Parameter before: an activity; only older ones are listed.
    func sessions(
        in scope: SessionScope, limit: PageLimit, before: Int64, at wall: Int64
    ) throws(SQLiteFailure) -> Page<Session> {
        var page = Page<Session>(items: [], nextToken: nil)
        var bytes = 0
        func take(_ row: SQLRow) throws(SQLiteFailure) -> Bool {
            let session = renewed(try SessionStatements.session(row))
            if isExpired(session, at: wall) { return true }
            bytes += session.pageBytes
            if let last = page.items.last, page.items.count >= limit.items || bytes > limit.bytes {
                page.nextToken = PageToken.make(UInt64(bitPattern: last.lastActivityMicroseconds))
                return false
            }
            page.items.append(session)
            return true
        }
        switch scope {
        case .owner(let owner): try sessions.listOwner.forEach(owner, before, body: take)
        case .allOwners: try sessions.listAll.forEach(before, body: take)
        }
        return page
    }

    func messages(
        of session: Session, order: MessageOrder, limit: PageLimit, pageToken: String?
    ) throws -> Page<StoredMessage> {
        let orderNumber: UInt64 = order == .oldestFirst ? 0 : 1
        var start = order == .oldestFirst ? 1 : session.messageCount
        if let pageToken {
            let numbers = try PageToken.parse(pageToken, count: 3)
            guard numbers[0] == session.generation, numbers[1] == orderNumber,
                (1...UInt64(max(1, session.messageCount))).contains(numbers[2])
            else { throw EngineError.badPageToken() }
            start = Int(numbers[2])
        }
        var page = Page<StoredMessage>(items: [], nextToken: nil)
        var bytes = 0
        let statement = order == .oldestFirst ? messages.oldestFirst : messages.newestFirst
        try statement.forEach(session.number, start) { row throws(SQLiteFailure) in
            let message = try MessageStatements.message(row)
            bytes += message.pageBytes
            if !page.items.isEmpty, page.items.count >= limit.items || bytes > limit.bytes {
                page.nextToken = PageToken.make(session.generation, orderNumber, UInt64(message.position))
                return false
            }
            page.items.append(message)
            return true
        }
        return page
    }
}
