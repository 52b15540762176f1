// Brings the lists of sessions into agreement with the conversations: those that other programs made or continued are
// put in, those whose place was not written since a replica died find theirs, and those that ended are taken out. One
// replica of the deployment does it at a time, in small steps.

internal import ChatEngine
internal import Synchronization

/// Walks over the keys and over the list of all sessions, again and again. One step at a time.
final class SessionRepair: Sendable {
    private struct State {
        var keysCursor = "0"
        var listCursor = "0"
    }

    private let loops: RedisLoops
    private let keys: RedisKeys
    private let index: SessionIndex
    private let token = LockToken.random()
    private let state = Mutex(State())

    /// Keys of a step: Redis looks at them in a millisecond.
    private static let keysPerStep = 1000
    /// Entries of the list of all sessions of a step.
    private static let entriesPerStep = 200
    /// Between steps: half a million keys take 40 s, and a twentieth of Redis's time.
    private static let pause = Duration.milliseconds(50)
    /// After the last key, and while another replica does the work.
    private static let longPause = Duration.seconds(5)
    /// The work is another replica's if this one does nothing for so long.
    private static let leaseTime = Duration.seconds(15)

    init(_ loops: RedisLoops, keys: RedisKeys) {
        self.loops = loops
        self.keys = keys
        index = SessionIndex(loops: loops, keys: keys)
    }

    /// Does a little, if it is this replica's to do.
    ///
    /// - Returns: after how long to do more.
    /// - Throws: `EngineError`, `CancellationError`; the next step goes on where this one began.
    func step() async throws -> Duration {
        guard try await isElected() else { return Self.longPause }
        let isEnd = try await addMissing()
        try await dropEnded()
        return isEnd ? Self.longPause : Self.pause
    }

    private func isElected() async throws -> Bool {
        var call = ScriptCall(.acquireLock, keys: [keys.repair])
        call.add(token.value)
        call.add(Self.leaseTime.microseconds / 1000)
        call.add("")
        call.add(Self.leaseTime.microseconds / 1000)
        call.add("0")
        return try await loops.run(call)[0]?.text == "granted"
    }

    // MARK: Conversations that no list has, or in a former place

    /// True when the walk came to its end.
    private func addMissing() async throws -> Bool {
        let cursor = state.withLock { $0.keysCursor }
        let reply = try await loops.send(
            RedisCommand("SCAN", cursor, "MATCH", keys.listPattern, "COUNT", String(Self.keysPerStep), "TYPE", "list"))
        let next = reply[0]?.text ?? "0"
        var found: [(owner: String, id: String)] = []
        for key in reply[1]?.elements ?? [] {
            // An id that our callers cannot write is of no use in a list: nobody could ask for more of that session.
            guard let key = key.text, let conversation = keys.conversation(ofList: key),
                IdentifierRules.isSessionID(conversation.id)
            else { continue }
            found.append(conversation)
        }
        // Their lists are one for each owner; the shared owner has most of them.
        for (owner, conversations) in Dictionary(grouping: found, by: \.owner) {
            try await addMissing(owner: owner, conversations.map(\.id))
        }
        state.withLock { $0.keysCursor = next }
        return next == "0"
    }

    private func addMissing(owner: String, _ ids: [String]) async throws {
        let described = try await loops.runAll(
            ids.map { id in
                let conversation = keys.conversation(owner: owner, id: id)
                var call = ScriptCall(.describeSession, keys: [conversation.list, conversation.meta])
                call.add("1")
                return call
            })
        var (own, all) = (RedisCommand("ZMSCORE", keys.index(owner: owner)), RedisCommand("ZMSCORE", keys.indexOfAll))
        for id in ids {
            own.add(id)
            all.add(RedisKeys.indexMember(owner: owner, id: id))
        }
        let (ownScores, allScores) = (try await loops.send(own), try await loops.send(all))
        for (place, id) in ids.enumerated() {
            // The sixth is the last activity; one that ended meanwhile is nil.
            guard let activity = described[place][6]?.integer else { continue }
            let scores = [ownScores[place], allScores[place]].map { $0?.text.flatMap(SessionIndex.score) }
            if scores.contains(where: { $0 != activity }) {
                try await index.put(owner: owner, id: id, activity: activity)
            }
        }
    }

    // MARK: Entries of conversations that ended

    private func dropEnded() async throws {
        let cursor = state.withLock { $0.listCursor }
        let reply = try await loops.send(
            RedisCommand("ZSCAN", keys.indexOfAll, cursor, "COUNT", String(Self.entriesPerStep)))
        let members = reply[1]?.elements ?? []
        var entries: [(owner: String, id: String, activity: Int64)] = []
        for place in stride(from: 0, to: members.count - 1, by: 2) {
            guard let member = members[place].text, let session = RedisKeys.session(ofIndexMember: member),
                let activity = members[place + 1].text.flatMap(SessionIndex.score)
            else { continue }
            entries.append((session.owner, session.id, activity))
        }
        let exist = try await loops.sendAll(
            entries.map { RedisCommand("EXISTS", keys.list(owner: $0.owner, id: $0.id)) })
        for (entry, answer) in zip(entries, exist) where answer.integer == 0 {
            try await index.remove(owner: entry.owner, id: entry.id, activity: entry.activity)
        }
        state.withLock { $0.listCursor = reply[0]?.text ?? "0" }
    }
}
