// The suite's cases about windows, sessions, lists, pages and expiry.

internal import ChatEngine

extension SessionStoreConformance {
    static let windowCases: [ConformanceCase<any StoreHarness>] = [
        ConformanceCase("a window holds the newest messages, oldest first, and no more than it asks for") { harness in
            let writer = Writer(harness)
            for index in 0..<5 {
                _ = try await writer.appended(turn: "t\(index)", question: "q\(index)", answer: "a\(index)")
            }
            let table: [(Int?, [String])] = [
                (nil, ["q0", "a0", "q1", "a1", "q2", "a2", "q3", "a3", "q4", "a4"]),
                (4, ["q3", "a3", "q4", "a4"]), (3, ["a3", "q4", "a4"]), (1, ["a4"]), (0, []),
                (100, ["q0", "a0", "q1", "a1", "q2", "a2", "q3", "a3", "q4", "a4"]),
            ]
            for (limit, expected) in table {
                let window = try await harness.store.loadWindow(
                    owner: "o", sessionID: "s", limit: WindowLimit(messages: limit), idleLifetime: .seconds(3600))
                try check(
                    window.messages.map(\.text) == expected, "limit \(limit ?? -1): \(window.messages.map(\.text))")
                try check(window.session?.messageCount == 10, "the session counts them all")
            }
        },
        ConformanceCase("a window ends before it is larger than its bytes, and gives the newest message anyway") {
            harness in
            let writer = Writer(harness)
            for index in 0..<4 {
                _ = try await writer.appended(
                    turn: "t\(index)", question: "question \(index)", answer: String(repeating: "a", count: 100))
            }
            for (bytes, count) in [(1, 1), (100, 1), (109, 1), (110, 2), (210, 3), (220, 4), (10_000, 8)] {
                let window = try await harness.store.loadWindow(
                    owner: "o", sessionID: "s", limit: WindowLimit(bytes: bytes), idleLifetime: .seconds(3600))
                try check(window.messages.count == count, "\(bytes) bytes hold \(window.messages.count), not \(count)")
            }
        },
        ConformanceCase("there is no window of what is not there, or of another owner's") { harness in
            _ = try await Writer(harness).appended(turn: "t", question: "q", answer: "a")
            for (owner, id) in [("o", "x"), ("x", "s")] {
                let window = try await harness.store.loadWindow(
                    owner: owner, sessionID: id, limit: WindowLimit(), idleLifetime: nil)
                try check(window == HistoryWindow(session: nil, messages: []), "\(owner) \(id) is empty")
            }
        },
    ]

    static let sessionCases: [ConformanceCase<any StoreHarness>] = [
        ConformanceCase("a session is changed in title and labels, and stays where it is in lists") { harness in
            _ = try await Writer(harness, session: "s1").appended(turn: "t1", question: "q", answer: "a")
            let before = try await Writer(harness, session: "s2").appended(turn: "t2", question: "q", answer: "a")
            _ = try await harness.store.updateSession(
                owner: "o", id: "s1", change: SessionChange(title: "new", labels: ["a": "1", "b": "2"]))
            let changed = try require(
                try await harness.store.updateSession(owner: "o", id: "s1", change: SessionChange(labels: ["c": "3"])),
                "it is there")
            try check(changed.title == "new" && changed.labels == ["c": "3"], "title stays, labels are replaced")
            try check(
                changed.lastActivityMicroseconds < before.lastActivityMicroseconds, "a change is no activity")
            _ = try await Writer(harness, session: "s1").appended(turn: "t3", question: "other", answer: "a")
            let read = try await harness.store.session(owner: "o", id: "s1")
            try check(read?.title == "new" && read?.labels == ["c": "3"], "the next turn keeps them")
            for (owner, id) in [("o", "x"), ("x", "s1")] {
                let none = try await harness.store.updateSession(
                    owner: owner, id: id, change: SessionChange(title: "t"))
                try check(none == nil, "there is no \(id) of \(owner)")
            }
        },
        ConformanceCase("a deleted session is gone with messages, turns and list entries, for its owner only") {
            harness in
            _ = try await Writer(harness).appended(turn: "t", question: "q", answer: "a")
            _ = try await Writer(harness, owner: "p").appended(turn: "t", question: "q", answer: "a")
            try check(try await !harness.store.deleteSession(owner: "o", id: "x"), "another id is not there")
            try check(try await harness.store.deleteSession(owner: "o", id: "s"), "it was there")
            try check(try await !harness.store.deleteSession(owner: "o", id: "s"), "and is no more")
            try await checkAbsent(harness)
            try check(try await harness.store.session(owner: "p", id: "s") != nil, "the other owner's is")
        },
        ConformanceCase("messages come in pages that survive appends and end at items and bytes") { harness in
            let writer = Writer(harness)
            for index in 0..<5 {
                _ = try await writer.appended(turn: "t\(index)", question: "q\(index)", answer: "a\(index)")
            }
            var texts: [String] = []
            var token: String?
            for round in 0..<20 {
                let page = try require(
                    try await harness.store.messages(
                        owner: "o", sessionID: "s", order: .oldestFirst, limit: PageLimit(items: 3, bytes: 10_000),
                        pageToken: token),
                    "the session is there")
                try check(page.items.count <= 3 && !page.items.isEmpty, "a page has 1 to 3 messages")
                texts += page.items.map(\.text)
                token = page.nextToken
                if round == 1 { _ = try await writer.appended(turn: "t5", question: "q5", answer: "a5") }
                if token == nil { break }
            }
            try check(texts == (0..<6).flatMap { ["q\($0)", "a\($0)"] }, "all in order: \(texts)")
            let small = try await harness.store.messages(
                owner: "o", sessionID: "s", order: .oldestFirst, limit: PageLimit(items: 100, bytes: 1), pageToken: nil)
            try check(small?.items.count == 1 && small?.nextToken != nil, "a page holds at least one message")
            let missing = try await harness.store.messages(
                owner: "o", sessionID: "x", order: .oldestFirst, limit: PageLimit(items: 1, bytes: 1), pageToken: nil)
            try check(missing == nil, "there are no messages of no session")
        },
        ConformanceCase("messages come newest first too, without those that are added while paging") { harness in
            let writer = Writer(harness)
            for index in 0..<4 {
                _ = try await writer.appended(turn: "t\(index)", question: "q\(index)", answer: "a\(index)")
            }
            var positions: [Int] = []
            var token: String?
            for _ in 0..<20 {
                let page = try require(
                    try await harness.store.messages(
                        owner: "o", sessionID: "s", order: .newestFirst, limit: PageLimit(items: 3, bytes: 10_000),
                        pageToken: token), "the session is there")
                positions += page.items.map(\.position)
                token = page.nextToken
                if token == nil { break }
                _ = try await writer.appended(turn: "t\(positions.count)x", question: "q", answer: "a")
                try await checkThrows(.invalidArgument, "a token goes with its order") {
                    _ = try await harness.store.messages(
                        owner: "o", sessionID: "s", order: .oldestFirst, limit: PageLimit(items: 3, bytes: 10_000),
                        pageToken: token)
                }
            }
            try check(positions == Array((1...8).reversed()), "the order is \(positions)")
        },
        ConformanceCase("page tokens that nobody made, or of a deleted session, are refused") { harness in
            let writer = Writer(harness)
            _ = try await writer.appended(turn: "t1", question: "q", answer: "a")
            let limit = PageLimit(items: 1, bytes: 1000)
            let page = try await harness.store.messages(
                owner: "o", sessionID: "s", order: .oldestFirst, limit: limit, pageToken: nil)
            let token = try require(page?.nextToken, "there is a second page")
            for bad in ["x", token + "0", String(token.dropLast()), "-", "\u{0}", "한글"] {
                try await checkThrows(.invalidArgument, "message token \(bad)") {
                    _ = try await harness.store.messages(
                        owner: "o", sessionID: "s", order: .oldestFirst, limit: limit, pageToken: bad)
                }
                try await checkThrows(.invalidArgument, "session token \(bad)") {
                    _ = try await harness.store.sessions(in: .owner("o"), limit: limit, pageToken: bad)
                }
            }
            _ = try await harness.store.deleteSession(owner: "o", id: "s")
            _ = try await writer.appended(turn: "t2", question: "q", answer: "a")
            try await checkThrows(.invalidArgument, "a token of the deleted session") {
                _ = try await harness.store.messages(
                    owner: "o", sessionID: "s", order: .oldestFirst, limit: limit, pageToken: token)
            }
        },
    ]

    static let expiryCases: [ConformanceCase<any StoreHarness>] = [
        ConformanceCase("a session expires whole after its idle time, counted from its last turn") { harness in
            var writer = Writer(harness)
            writer.idleLifetime = .seconds(2)
            let loaded = try await writer.appended(turn: "t", question: "q", answer: "a")
            try check(loaded.expiresAtMicroseconds != nil, "its end is known")
            await harness.advance(by: .milliseconds(1500))
            _ = try await writer.appended(turn: "t2", question: "q", answer: "a")
            await harness.advance(by: .milliseconds(1500))
            try check(try await harness.store.session(owner: "o", id: "s") != nil, "the second turn renewed it")
            await harness.advance(by: .milliseconds(800))
            try await checkAbsent(harness)
            try check(try await !harness.store.deleteSession(owner: "o", id: "s"), "it cannot be deleted either")
            _ = try await harness.store.removeExpiredSessions(limit: 10)
            try await checkAbsent(harness)
            let late = try await writer.append(turn: "t3", question: "q", answer: "a", after: loaded)
            try check(late == .sessionDeleted, "a turn that had loaded it is not stored: \(late)")
            let fresh = try await writer.appended(turn: "t", question: "new", answer: "a")
            try check(fresh.messageCount == 2 && fresh.title == "new", "its id begins anew, turn ids too")
        },
        ConformanceCase("loading a window keeps the session alive while its turn runs") { harness in
            var writer = Writer(harness)
            writer.idleLifetime = .seconds(2)
            let before = try await writer.appended(turn: "t", question: "q", answer: "a")
            await harness.advance(by: .milliseconds(1500))
            let window = try await harness.store.loadWindow(
                owner: "o", sessionID: "s", limit: WindowLimit(), idleLifetime: .seconds(2))
            await harness.advance(by: .milliseconds(1500))
            let after = try await writer.append(turn: "t2", question: "q", answer: "a", after: window.session)
            guard case .appended = after else { throw ConformanceFailure("\(after)", file: #fileID, line: #line) }
            try check(
                window.session?.lastActivityMicroseconds == before.lastActivityMicroseconds, "loading is no activity")
        },
        ConformanceCase("a session without an idle time lives on") { harness in
            var writer = Writer(harness)
            writer.idleLifetime = nil
            let session = try await writer.appended(turn: "t", question: "q", answer: "a")
            try check(session.expiresAtMicroseconds == nil, "it has no end")
            if harness.canSkipDays { await harness.advance(by: .seconds(86_400 * 400)) }
            try check(
                try await harness.store.removeExpiredSessions(limit: 10).removed == 0, "there is nothing to remove")
            try check(try await harness.store.session(owner: "o", id: "s") != nil, "it is there")
        },
        ConformanceCase("a turn id is kept 24 hours") { harness in
            guard harness.canSkipDays else { return }
            var writer = Writer(harness)
            writer.idleLifetime = nil
            _ = try await writer.appended(turn: "t", question: "q", answer: "a")
            await harness.advance(by: .seconds(24 * 3600 - 10))
            let found = try await harness.store.findTurn(owner: "o", sessionID: "s", turnID: "t")
            try check(found != nil, "it is kept")
            await harness.advance(by: .seconds(20))
            let gone = try await harness.store.findTurn(owner: "o", sessionID: "s", turnID: "t")
            try check(gone == nil, "it is forgotten")
            _ = try await writer.appended(turn: "t", question: "q", answer: "again")
        },
        ConformanceCase("expired sessions are removed in steps of the size that is asked for") { harness in
            for index in 0..<7 {
                var writer = Writer(harness, session: "s\(index)")
                writer.idleLifetime = .seconds(1)
                _ = try await writer.appended(turn: "t", question: "q", answer: "a")
            }
            await harness.advance(by: .milliseconds(1200))
            var removed = 0
            for _ in 0..<100 {
                let step = try await harness.store.removeExpiredSessions(limit: 3)
                try check(step.removed <= 3, "a step removes at most 3, not \(step.removed)")
                removed += step.removed
                if !step.hasMore { break }
            }
            // Loads and appends may have removed some before.
            try check(removed <= 7, "none is removed twice: \(removed)")
            let last = try await harness.store.removeExpiredSessions(limit: 3)
            try check(last == ExpiryStep(removed: 0, hasMore: false), "all are removed: \(last)")
        },
    ]

    private static func checkAbsent(_ harness: any StoreHarness) async throws {
        try check(try await harness.store.session(owner: "o", id: "s") == nil, "there is no session")
        try check(
            try await harness.store.findTurn(owner: "o", sessionID: "s", turnID: "t") == nil, "there is no turn")
        let limit = PageLimit(items: 10, bytes: 10_000)
        let messages = try await harness.store.messages(
            owner: "o", sessionID: "s", order: .oldestFirst, limit: limit, pageToken: nil)
        try check(messages == nil, "there are no messages")
        for scope in [SessionScope.owner("o"), .allOwners] {
            let page = try await harness.store.sessions(in: scope, limit: limit, pageToken: nil)
            try check(!page.items.contains { $0.owner == "o" }, "no list has it")
        }
        let window = try await harness.store.loadWindow(
            owner: "o", sessionID: "s", limit: WindowLimit(), idleLifetime: .seconds(2))
        try check(window.session == nil && window.messages.isEmpty, "there is no window")
    }
}
