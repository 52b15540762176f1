// The suite's cases about imported messages: what is added, what is there already, and what is refused.

internal import ChatEngine

extension SessionStoreConformance {
    static let importCases: [ConformanceCase<any StoreHarness>] = newImportCases + repeatedImportCases

    private static let newImportCases: [ConformanceCase<any StoreHarness>] = [
        ConformanceCase("an import makes a session, as it is described, with all of each message") { harness in
            let messages = [
                StoredMessage(role: .system, text: "be kind", turnID: "", createdAtMicroseconds: 0),
                StoredMessage(role: .user, text: "a\u{0}b 안녕 🛠", turnID: "t1", createdAtMicroseconds: 17),
                StoredMessage(
                    role: .assistant, text: "", turnID: "t1", createdAtMicroseconds: 18, model: "m",
                    toolCalls: [
                        ToolCall(id: "c1", name: "clock\u{0}", arguments: #"{"zone":"Asia/Seoul"}"#),
                        ToolCall(id: "", name: "", arguments: ""),
                    ]),
                StoredMessage(
                    role: .tool, text: "12:00", turnID: "t1", createdAtMicroseconds: 19, toolCallID: "c1"),
                StoredMessage(role: .assistant, text: "noon", turnID: "t1", createdAtMicroseconds: 20, model: "m"),
            ]
            let importer = Importer(harness)
            var request = importer.request(messages)
            request.labels = ["kind": "support", "empty": ""]
            request.createdAtMicroseconds = 16
            let session = try await importer.imported(request, added: 5)
            try check(
                session.title == "t" && session.userID == "u" && session.labels == request.labels
                    && session.createdAtMicroseconds == 16 && session.messageCount == 5, "it is described")
            try check(try await harness.store.session(owner: "o", id: "s") == session, "it reads as it was returned")
            let stored = try await importer.messages()
            try check(stored.map(\.position) == [1, 2, 3, 4, 5], "the messages have their places")
            for (before, after) in zip(messages, stored) {
                var expected = before
                expected.position = after.position
                try check(after == expected, "message \(after.position) is whole")
            }
        },
        ConformanceCase("an import goes on where the session ends, also behind turns, and turns behind it") { harness in
            let importer = Importer(harness)
            _ = try await importer.imported(importer.request(talk(1...2)), added: 2)
            _ = try await importer.imported(importer.request(talk(3...4), first: 3), added: 2)
            let writer = Writer(harness)
            _ = try await writer.appended(turn: "t", question: "m5", answer: "m6")
            let session = try await importer.imported(importer.request(talk(7...7), first: 7), added: 1)
            try check(session.messageCount == 7 && session.title == "t", "all are counted: \(session.messageCount)")
            try check(
                try await importer.messages().map(\.text) == (1...7).map { "m\($0)" }, "all are in their order")
            try check(
                try await harness.store.findTurn(owner: "o", sessionID: "s", turnID: "t")?.text == "m6",
                "the turn between is found")
        },
        ConformanceCase("imports are activity, in their order, and renew the session's life") { harness in
            let limit = PageLimit(items: 10, bytes: 10_000)
            for id in ["a", "b", "c"] {
                let importer = Importer(harness, session: id)
                _ = try await importer.imported(importer.request(talk(1...2)), added: 2)
            }
            let again = Importer(harness, session: "a")
            let longer = try await again.imported(again.request(talk(3...3), first: 3), added: 1)
            let page = try await harness.store.sessions(in: .owner("o"), limit: limit, pageToken: nil)
            try check(page.items.map(\.id) == ["a", "c", "b"], "the order is \(page.items.map(\.id))")
            try check(
                longer.expiresAtMicroseconds.map { $0 > harness.wallMicroseconds } ?? false, "it lives for its time")
            // Nothing added is no activity.
            let last = Importer(harness, session: "b")
            _ = try await last.imported(last.request(talk(1...2)), added: 0)
            let same = try await harness.store.sessions(in: .owner("o"), limit: limit, pageToken: nil)
            try check(
                same.items.map(\.id) == ["a", "c", "b"], "the order is \(same.items.map(\.id)) after a repetition")
        },
        ConformanceCase("an import into an expired session makes a new one") { harness in
            guard harness.canSkipDays else { return }
            let importer = Importer(harness)
            let first = try await importer.imported(importer.request(talk(1...4)), added: 4)
            await harness.advance(by: .seconds(3700))
            try check(
                try await importer.outcome(importer.request(talk(5...5), first: 5)) == .conflict,
                "the expired one is not continued")
            let second = try await importer.imported(importer.request(talk(8...9)), added: 2)
            try check(second.generation != first.generation && second.messageCount == 2, "it is another one")
            try check(try await importer.messages().map(\.text) == ["m8", "m9"], "with its own messages only")
        },
    ]

    private static let repeatedImportCases: [ConformanceCase<any StoreHarness>] = [
        ConformanceCase("an import that is repeated, whole or in other parts, adds only what is missing") { harness in
            let importer = Importer(harness)
            let once = try await importer.imported(importer.request(talk(1...4)), added: 4)
            let twice = try await importer.imported(importer.request(talk(1...4)), added: 0)
            try check(once == twice, "nothing changes")
            _ = try await importer.imported(importer.request(talk(2...3), first: 2), added: 0)
            _ = try await importer.imported(importer.request(talk(3...6), first: 3), added: 2)
            _ = try await importer.imported(importer.request(talk(1...6)), added: 0)
            try check(
                try await importer.messages().map(\.text) == (1...6).map { "m\($0)" }, "each is there once")
        },
        ConformanceCase("an import that other messages stand in the way of changes nothing") { harness in
            let importer = Importer(harness)
            let session = try await importer.imported(importer.request(talk(1...4)), added: 4)
            var otherText = talk(1...6)
            otherText[3].text = "other"
            var otherRole = talk(1...6)
            otherRole[0].role = .system
            for (name, request) in [
                ("a text", importer.request(otherText)), ("a role", importer.request(otherRole)),
                ("the last one", importer.request(talk(5...6), first: 4)),
                ("a gap", importer.request(talk(6...7), first: 6)),
            ] {
                try check(try await importer.outcome(request) == .conflict, "\(name) is in the way")
            }
            try check(try await harness.store.session(owner: "o", id: "s") == session, "nothing changed")
            let missing = Importer(harness, session: "s2")
            try check(
                try await missing.outcome(missing.request(talk(2...3), first: 2)) == .conflict, "no session to go on in"
            )
            try check(try await harness.store.session(owner: "o", id: "s2") == nil, "none was made")
        },
        ConformanceCase("an import without the session's lock changes nothing") { harness in
            let importer = Importer(harness)
            let request = importer.request(talk(1...2))
            let token = LockToken.random()
            try check(
                try await harness.store.importMessages(importer.messageImport(request, token)) == .lockLost,
                "nobody holds the lock")
            _ = try await harness.locks.acquire(
                LockRequest(key: importer.lockKey, token: LockToken.random(), timeToLive: .seconds(1)))
            try check(
                try await harness.store.importMessages(importer.messageImport(request, token)) == .lockLost,
                "somebody else holds the lock")
            try check(try await harness.store.session(owner: "o", id: "s") == nil, "no session was made")
        },
        ConformanceCase("an import stays with its owner") { harness in
            let (one, other) = (Importer(harness), Importer(harness, owner: "o2"))
            _ = try await one.imported(one.request(talk(1...2)), added: 2)
            _ = try await other.imported(other.request(talk(5...6)), added: 2)
            try check(try await one.messages().map(\.text) == ["m1", "m2"], "the first one's are as they were")
            try check(try await other.messages().map(\.text) == ["m5", "m6"], "the other's are its own")
        },
    ]

    /// Messages m1, m2, ... in alternating roles.
    private static func talk(_ range: ClosedRange<Int>) -> [StoredMessage] {
        range.map {
            StoredMessage(role: $0 % 2 == 1 ? .user : .assistant, text: "m\($0)", turnID: "", createdAtMicroseconds: 0)
        }
    }
}

/// Imports into one owner's session the way the engine does.
private struct Importer: Sendable {
    let harness: any StoreHarness
    let owner: String
    let session: String

    init(_ harness: any StoreHarness, owner: String = "o", session: String = "s") {
        self.harness = harness
        self.owner = owner
        self.session = session
    }

    var lockKey: LockKey { LockKey(.session, owner: owner, name: session) }

    func request(_ messages: [StoredMessage], first: Int = 1) -> ImportRequest {
        ImportRequest(
            owner: owner, sessionID: session, userID: "u", title: "t",
            createdAtMicroseconds: harness.wallMicroseconds, firstPosition: first, messages: messages)
    }

    func messageImport(_ request: ImportRequest, _ token: LockToken) -> MessageImport {
        MessageImport(request: request, lockKey: lockKey, lockToken: token, idleLifetime: .seconds(3600))
    }

    /// Under the lock.
    func outcome(_ request: ImportRequest) async throws -> ImportOutcome {
        let token = LockToken.random()
        _ = try await harness.locks.acquire(
            LockRequest(
                key: lockKey, token: token, timeToLive: .seconds(10), waitDeadline: harness.now + .seconds(60)))
        let outcome = try await harness.store.importMessages(messageImport(request, token))
        try await harness.locks.release(lockKey, token: token)
        return outcome
    }

    /// As `outcome`, which must be that so many were added.
    func imported(
        _ request: ImportRequest, added: Int, file: StaticString = #fileID, line: UInt = #line
    ) async throws -> Session {
        let outcome = try await outcome(request)
        guard case .imported(let session, added) = outcome else {
            throw ConformanceFailure("the import came to \(outcome), not to \(added) added", file: file, line: line)
        }
        return session
    }

    func messages() async throws -> [StoredMessage] {
        let page = try await harness.store.messages(
            owner: owner, sessionID: session, order: .oldestFirst, limit: PageLimit(items: 100, bytes: 100_000),
            pageToken: nil)
        return page?.items ?? []
    }
}
