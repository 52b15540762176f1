// The suite's cases about lists of sessions: their order, their owners, and paging while sessions move.

internal import ChatEngine

extension SessionStoreConformance {
    static let listCases: [ConformanceCase<any StoreHarness>] = [
        ConformanceCase("lists have the most recently active session first") { harness in
            for (index, id) in ["a", "b", "c", "a", "d", "b"].enumerated() {
                _ = try await Writer(harness, session: id).appended(turn: "t\(index)", question: "q", answer: "a")
            }
            let page = try await list(harness)
            try check(page.map(\.id) == ["b", "d", "a", "c"], "the order is \(page.map(\.id))")
            let times = page.map(\.lastActivityMicroseconds)
            try check(times == times.sorted(by: >), "their times say so")
        },
        ConformanceCase("lists hold one owner's sessions, or everybody's") { harness in
            for (owner, session) in [("o", "s1"), ("p", "s1"), ("o", "s2"), ("", "s3")] {
                _ = try await Writer(harness, owner: owner, session: session).appended(
                    turn: "t", question: "q", answer: "a")
            }
            try check(try await list(harness).map(\.id) == ["s2", "s1"], "one owner's")
            try check(try await list(harness, .owner("p")).map(\.id) == ["s1"], "another owner's")
            try check(try await list(harness, .owner("")).map(\.id) == ["s3"], "those of nobody in particular")
            try check(try await list(harness, .owner("x")).isEmpty, "those of an owner without sessions")
            let all = try await list(harness, .allOwners).map { [$0.owner, $0.id] }
            try check(all == [["", "s3"], ["o", "s2"], ["p", "s1"], ["o", "s1"]], "everybody's: \(all)")
        },
        ConformanceCase("a page ends at its bytes too") { harness in
            for index in 0..<4 {
                _ = try await Writer(harness, session: "s\(index)").appended(
                    turn: "t", question: String(repeating: "x", count: 100), answer: "a")
            }
            let page = try await harness.store.sessions(
                in: .owner("o"), limit: PageLimit(items: 100, bytes: 250), pageToken: nil)
            try check(
                page.items.count == 2 && page.nextToken != nil, "two of a hundred bytes fit, not \(page.items.count)")
            let tiny = try await harness.store.sessions(
                in: .owner("o"), limit: PageLimit(items: 100, bytes: 1), pageToken: nil)
            try check(tiny.items.count == 1 && tiny.nextToken != nil, "one always fits")
        },
        ConformanceCase("paging neither skips nor repeats a session that is not touched") { harness in
            for seed in UInt64(1)...6 { try await pageWhileSessionsMove(harness, seed: seed) }
        },
        ConformanceCase("paging goes on after the session that a page ended with was deleted") { harness in
            for index in 0..<6 {
                _ = try await Writer(harness, session: "s\(index)").appended(turn: "t", question: "q", answer: "a")
            }
            let limit = PageLimit(items: 2, bytes: 10_000)
            let first = try await harness.store.sessions(in: .owner("o"), limit: limit, pageToken: nil)
            try check(first.items.map(\.id) == ["s5", "s4"], "the first page")
            _ = try await harness.store.deleteSession(owner: "o", id: "s4")
            let second = try await harness.store.sessions(
                in: .owner("o"), limit: limit, pageToken: first.nextToken)
            try check(second.items.map(\.id) == ["s3", "s2"], "the second page")
        },
    ]

    /// Every page of a list, in small pages.
    private static func list(
        _ harness: any StoreHarness, _ scope: SessionScope = .owner("o")
    ) async throws -> [Session] {
        var sessions: [Session] = []
        var token: String?
        for _ in 0..<100 {
            let page = try await harness.store.sessions(
                in: scope, limit: PageLimit(items: 2, bytes: 10_000), pageToken: token)
            sessions += page.items
            guard let next = page.nextToken else { return sessions }
            token = next
        }
        throw ConformanceFailure("the list has no end", file: #fileID, line: #line)
    }

    /// Pages through sessions while others are touched, made and deleted at random.
    private static func pageWhileSessionsMove(_ harness: any StoreHarness, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let owner = "pager-\(seed)"
        var alive = Set((0..<40).map { "s\($0)" })
        var turn = 0
        func touch(_ id: String) async throws {
            turn += 1
            _ = try await Writer(harness, owner: owner, session: id).appended(
                turn: "t\(turn)", question: "q", answer: "a")
        }
        for id in alive.sorted().shuffled(using: &random) { try await touch(id) }

        var moved: Set<String> = []
        var seen: [String] = []
        var token: String?
        for _ in 0..<200 {
            let page = try await harness.store.sessions(
                in: .owner(owner),
                limit: PageLimit(items: Int.random(in: 1...5, using: &random), bytes: 100_000), pageToken: token)
            seen += page.items.map(\.id)
            guard let next = page.nextToken else { break }
            token = next
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let id = "s\(Int.random(in: 0..<50, using: &random))"
                moved.insert(id)
                if Bool.random(using: &random), alive.contains(id) {
                    _ = try await harness.store.deleteSession(owner: owner, id: id)
                    alive.remove(id)
                } else {
                    try await touch(id)
                    alive.insert(id)
                }
            }
        }
        for id in (0..<40).map({ "s\($0)" }) where !moved.contains(id) {
            let count = seen.count { $0 == id }
            try check(count == 1, "seed \(seed): the untouched session \(id) was seen \(count) times")
        }
    }
}
