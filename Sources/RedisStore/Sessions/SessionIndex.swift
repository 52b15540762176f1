// The lists of sessions: sorted sets by activity, one for each owner and one of all. They lie in slots of their own, so
// they are written after what they list, and may be behind it: readers drop what is gone, and SessionRepair adds what
// is missing.

internal import ChatEngine

struct SessionIndex: Sendable {
    let loops: RedisLoops
    let keys: RedisKeys

    /// Puts a session in its place. Never moves it back: turns of other replicas may have been faster.
    func put(_ session: Session) async throws {
        try await put(owner: session.owner, id: session.id, activity: session.lastActivityMicroseconds)
    }

    func put(owner: String, id: String, activity: Int64) async throws {
        let client = loops.here
        let (key, all) = (keys.index(owner: owner), keys.indexOfAll)
        let member = RedisKeys.indexMember(owner: owner, id: id)
        // Redis answers in order, so the second answer stands for both.
        let answer = Answer<RedisReply>()
        let outcome = try await answer.wait(isCancellable: false) {
            RedisLoops.on(client) { client in
                client.send(RedisCommand("ZADD", key, "GT", String(activity), id)) { _ in }
                client.send(RedisCommand("ZADD", all, "GT", String(activity), member)) { answer.finish($0) }
            }
        }
        if case .failure(let failure) = outcome { throw failure.engineError(nil) }
    }

    /// Takes a session out that is gone, unless one of its id was active after `activity`.
    func remove(owner: String, id: String, activity: Int64) async throws {
        var (own, all) = (
            ScriptCall(.dropEntry, keys: [keys.index(owner: owner)]), ScriptCall(.dropEntry, keys: [keys.indexOfAll])
        )
        own.add(id)
        own.add(activity)
        all.add(RedisKeys.indexMember(owner: owner, id: id))
        all.add(activity)
        _ = try await loops.runAll([own, all])
    }

    /// An entry of a list.
    struct Entry: Equatable {
        var owner: String
        var id: String
        /// As the sorted set names it.
        var member: String
        var activity: Int64
    }

    /// Where a page ended.
    struct Place: Equatable {
        var activity: Int64
        var member: String
    }

    /// The entries behind a place, the most recently active first.
    ///
    /// - Returns: the entries, and whether the list ends with them.
    func entries(
        in scope: SessionScope, behind place: Place?, atMost most: Int
    ) async throws -> (entries: [Entry], isEnd: Bool) {
        let key: String
        switch scope {
        case .owner(let owner): key = keys.index(owner: owner)
        case .allOwners: key = keys.indexOfAll
        }
        var command = RedisCommand("ZRANGE", key)
        command.add(place.map { String($0.activity) } ?? "+inf")
        for word in ["-inf", "BYSCORE", "REV", "LIMIT", "0"] { command.add(word) }
        // Entries of one microsecond lie in the order of their names; there are a few at the very most.
        command.add(most + Self.tiesMax)
        command.add("WITHSCORES")
        let reply = try await loops.send(command)
        var entries: [Entry] = []
        for index in stride(from: 0, to: reply.count - 1, by: 2) {
            guard let member = reply[index]?.text, let activity = reply[index + 1]?.text.flatMap(Self.score) else {
                continue
            }
            if let place, activity == place.activity, member >= place.member { continue }
            if let entry = entry(member, activity, scope) { entries.append(entry) }
        }
        return (Array(entries.prefix(most)), reply.count / 2 < most + Self.tiesMax && entries.count <= most)
    }

    private static let tiesMax = 8

    private func entry(_ member: String, _ activity: Int64, _ scope: SessionScope) -> Entry? {
        switch scope {
        case .owner(let owner): return Entry(owner: owner, id: member, member: member, activity: activity)
        case .allOwners:
            guard let (owner, id) = RedisKeys.session(ofIndexMember: member) else { return nil }
            return Entry(owner: owner, id: id, member: member, activity: activity)
        }
    }

    /// A sorted set's scores are doubles, which hold microseconds exactly.
    static func score(_ text: String) -> Int64? { Int64(text) ?? Double(text).flatMap { Int64(exactly: $0.rounded()) } }
}

// MARK: Page tokens

extension SessionIndex.Place {
    /// The activity in hexadecimal and the name in hexadecimal.
    var token: String {
        Identifier.hexadecimal(UInt64(bitPattern: activity)) + "-"
            + member.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// - Throws: `EngineError.badPageToken()`.
    init(_ token: String) throws(EngineError) {
        let parts = token.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 16, !parts[1].isEmpty, parts[1].utf8.count % 2 == 0,
            token.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }), let activity = UInt64(parts[0], radix: 16)
        else { throw .badPageToken() }
        var bytes: [UInt8] = []
        var rest = parts[1]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { throw .badPageToken() }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        guard let member = String(validating: bytes, as: UTF8.self) else { throw .badPageToken() }
        self.init(activity: Int64(bitPattern: activity), member: member)
    }
}
