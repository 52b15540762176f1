// What every session store keeps: the contract of `SessionStore`, case by case.

internal import ChatEngine

/// The suite for session stores. Each case wants a fresh harness with an empty store.
public enum SessionStoreConformance {
    /// Every promise.
    public static let cases: [ConformanceCase<any StoreHarness>] =
        appendCases + importCases + windowCases + sessionCases + listCases + expiryCases

    private static let appendCases: [ConformanceCase<any StoreHarness>] = [
        ConformanceCase("the first turn makes the session, with user, title, messages and turn") { harness in
            let session = try await Writer(harness).appended(turn: "t1", question: "hello there", answer: "hi")
            try check(
                session.id == "s" && session.owner == "o" && session.userID == "u" && session.title == "hello there",
                "it is described")
            try check(session.messageCount == 2 && session.createdAtMicroseconds > 0, "it is counted and dated")
            let read = try require(try await harness.store.session(owner: "o", id: "s"), "it can be read")
            try check(read == session, "it reads as it was returned")
            let page = try require(
                try await harness.store.messages(
                    owner: "o", sessionID: "s", order: .oldestFirst, limit: PageLimit(items: 10, bytes: 10_000),
                    pageToken: nil),
                "its messages can be read")
            try check(page.items.map(\.text) == ["hello there", "hi"] && page.nextToken == nil, "both are there")
            try check(page.items.map(\.role) == [.user, .assistant], "in their roles")
            try check(page.items.allSatisfy { $0.turnID == "t1" }, "with their turn")
            try check(page.items.map(\.position) == [1, 2] && page.items[1].model == "m", "with position and model")
        },
        ConformanceCase("a stored turn is found whole, and only in its session and by its owner") { harness in
            let writer = Writer(harness)
            _ = try await writer.appended(turn: "t1", question: "q", answer: "a\u{0}b 안녕 🛠")
            let turn = try require(
                try await harness.store.findTurn(owner: "o", sessionID: "s", turnID: "t1"), "the turn is found")
            try check(
                turn == writer.turn(id: "t1", answer: "a\u{0}b 안녕 🛠", at: turn.finishedAtMicroseconds), "it is whole")
            for (owner, session, id) in [("o", "s", "t2"), ("o", "s2", "t1"), ("o2", "s", "t1")] {
                let found = try await harness.store.findTurn(owner: owner, sessionID: session, turnID: id)
                try check(found == nil, "no turn \(id) in \(session) of \(owner)")
            }
        },
        ConformanceCase("a turn id is stored once, whatever else is wrong by then") { harness in
            let writer = Writer(harness)
            _ = try await writer.appended(turn: "t1", question: "q", answer: "first")
            // Neither the lock nor the generation is looked at: a retry after success must not report a conflict.
            let outcome = try await harness.store.append(
                writer.append(turn: "t1", question: "q", answer: "second", token: LockToken.random(), generation: 7))
            guard case .duplicate(let stored) = outcome else { throw unexpected(outcome) }
            try check(stored.text == "first", "the first answer is the turn's")
            try check(try await harness.store.session(owner: "o", id: "s")?.messageCount == 2, "nothing was added")
        },
        ConformanceCase("an append without the session's lock changes nothing") { harness in
            let writer = Writer(harness)
            let token = LockToken.random()
            let turn = writer.append(turn: "t1", question: "q", answer: "a", token: token, generation: nil)
            try check(try await harness.store.append(turn) == .lockLost, "nobody holds the lock")
            _ = try await harness.locks.acquire(
                LockRequest(key: turn.lockKey, token: LockToken.random(), timeToLive: .seconds(1)))
            try check(try await harness.store.append(turn) == .lockLost, "somebody else holds the lock")
            await harness.advance(by: .milliseconds(1100))
            try check(try await harness.store.append(turn) == .lockLost, "the lock expired")
            try check(try await harness.store.session(owner: "o", id: "s") == nil, "no session was made")
            try check(
                try await harness.store.findTurn(owner: "o", sessionID: "s", turnID: "t1") == nil, "no turn was stored")
        },
        ConformanceCase("an append to a session that was deleted since it was loaded changes nothing") { harness in
            let writer = Writer(harness)
            let loaded = try await writer.appended(turn: "t1", question: "q", answer: "a")
            try check(try await harness.store.deleteSession(owner: "o", id: "s"), "it is deleted")
            let outcome = try await writer.append(turn: "t2", question: "q", answer: "a", after: loaded)
            try check(outcome == .sessionDeleted, "the deletion is noticed: \(outcome)")
            let again = try await writer.appended(turn: "t3", question: "q", answer: "a")
            try check(again.generation != loaded.generation, "a session of the same id is another one")
            let late = try await writer.append(turn: "t2", question: "q", answer: "a", after: loaded)
            try check(late == .sessionDeleted, "so is a deletion with a session made after it: \(late)")
            try check(try await harness.store.session(owner: "o", id: "s")?.messageCount == 2, "nothing was added")
        },
        ConformanceCase("an append for a new session does not land in one that was made meanwhile") { harness in
            let writer = Writer(harness)
            _ = try await writer.appended(turn: "t1", question: "q", answer: "a")
            let outcome = try await writer.append(turn: "t2", question: "q", answer: "a", after: nil)
            try check(outcome == .sessionDeleted, "it is refused: \(outcome)")
        },
        ConformanceCase("an append in a cancelled task is stored and answered") { harness in
            let writer = Writer(harness)
            let outcome = try await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await writer.appendHoldingLock(turn: "t1", harness: harness)
            }.value
            guard case .appended = outcome else { throw unexpected(outcome) }
            try check(try await harness.store.session(owner: "o", id: "s") != nil, "the session is there")
        },
        ConformanceCase("appends of many tasks to many sessions lose and repeat nothing") { harness in
            try await withThrowingTaskGroup { group in
                for index in 0..<16 {
                    group.addTask {
                        let writer = Writer(harness, session: "s\(index % 4)")
                        for round in 0..<8 {
                            _ = try await writer.appendInTurn(turn: "t\(index)-\(round)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            for index in 0..<4 {
                let session = try await harness.store.session(owner: "o", id: "s\(index)")
                try check(
                    session?.messageCount == 64, "session \(index) has \(session?.messageCount ?? 0) of 64 messages")
            }
        },
    ]

    static func unexpected(_ outcome: AppendOutcome) -> ConformanceFailure {
        ConformanceFailure("the outcome was \(outcome)", file: #fileID, line: #line)
    }
}

/// Appends turns of one owner's session the way the engine does.
struct Writer: Sendable {
    let harness: any StoreHarness
    let owner: String
    let session: String
    let user: String
    var idleLifetime: Duration? = .seconds(3600)

    init(_ harness: any StoreHarness, owner: String = "o", session: String = "s", user: String = "u") {
        self.harness = harness
        self.owner = owner
        self.session = session
        self.user = user
    }

    var lockKey: LockKey { LockKey(.session, owner: owner, name: session) }

    func turn(id: String, answer: String, at microseconds: Int64) -> StoredTurn {
        var usage = TokenUsage()
        usage.inputTokens = 12
        usage.outputTokens = 3
        let run = ToolRun(
            id: "call-1", name: "clock", arguments: "{}", output: "12:00", status: .succeeded,
            durationMicroseconds: 5)
        return StoredTurn(
            id: id, requestHash: RequestHash(high: .max, low: 1), text: answer, model: "m", finishReason: .stop,
            usage: usage, toolRuns: [run], finishedAtMicroseconds: microseconds)
    }

    func append(
        turn id: String, question: String, answer: String, token: LockToken, generation: UInt64?,
        wallMicroseconds: Int64 = 1_800_000_000_000_000
    ) -> TurnAppend {
        TurnAppend(
            owner: owner, sessionID: session, userID: user, title: question, lockKey: lockKey, lockToken: token,
            generation: generation,
            messages: [
                StoredMessage(role: .user, text: question, turnID: id, createdAtMicroseconds: wallMicroseconds),
                StoredMessage(
                    role: .assistant, text: answer, turnID: id, createdAtMicroseconds: wallMicroseconds, model: "m"),
            ],
            turn: turn(id: id, answer: answer, at: wallMicroseconds), idleLifetime: idleLifetime)
    }

    /// Appends under the lock to the session as it was loaded then.
    func append(turn id: String, question: String, answer: String, after loaded: Session?) async throws -> AppendOutcome
    {
        let token = LockToken.random()
        _ = try await harness.locks.acquire(
            LockRequest(
                key: lockKey, token: token, timeToLive: .seconds(10), waitDeadline: harness.now + .seconds(60)))
        let wall = harness.wallMicroseconds
        let outcome = try await harness.store.append(
            append(
                turn: id, question: question, answer: answer, token: token, generation: loaded?.generation,
                wallMicroseconds: wall))
        try await harness.locks.release(lockKey, token: token)
        return outcome
    }

    /// Loads and appends under the lock; standing in line for it.
    func appendInTurn(turn id: String) async throws -> AppendOutcome {
        let token = LockToken.random()
        _ = try await harness.locks.acquire(
            LockRequest(
                key: lockKey, token: token, timeToLive: .seconds(60), waitDeadline: harness.now + .seconds(600)))
        let window = try await harness.store.loadWindow(
            owner: owner, sessionID: session, limit: WindowLimit(messages: 2), idleLifetime: idleLifetime)
        let outcome = try await harness.store.append(
            append(
                turn: id, question: "q \(id)", answer: "a \(id)", token: token,
                generation: window.session?.generation, wallMicroseconds: harness.wallMicroseconds))
        try await harness.locks.release(lockKey, token: token)
        return outcome
    }

    /// As `appendInTurn`, for the session as it is now, which must work.
    func appended(turn id: String, question: String, answer: String) async throws -> Session {
        let loaded = try await harness.store.session(owner: owner, id: session)
        let outcome = try await append(turn: id, question: question, answer: answer, after: loaded)
        guard case .appended(let session, _) = outcome else {
            throw ConformanceFailure("turn \(id) was not appended: \(outcome)", file: #fileID, line: #line)
        }
        return session
    }

    /// Appends with a lock that another task acquires, since this task is cancelled.
    func appendHoldingLock(turn id: String, harness: any StoreHarness) async throws -> AppendOutcome {
        let token = LockToken.random()
        let key = lockKey
        _ = try await Task {
            try await harness.locks.acquire(LockRequest(key: key, token: token, timeToLive: .seconds(10)))
        }.value
        return try await harness.store.append(
            append(
                turn: id, question: "q", answer: "a", token: token, generation: nil,
                wallMicroseconds: harness.wallMicroseconds))
    }
}
