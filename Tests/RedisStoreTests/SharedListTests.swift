// Lists that other programs write to, too: what they made, continued or removed, between turns and in the middle of
// them.

import ChatEngine
import EngineConformance
import Glibc
import RedisSupport
import Testing

@testable import RedisStore

@Suite("Conversations that other programs share", .serialized, .timeLimit(.minutes(1)))
struct SharedListTests {
    private static func human(_ text: String) -> String { #"{"type": "human", "data": {"content": "\#(text)"}}"# }

    private static func list(_ harness: RedisHarness, _ session: String = "s") -> String {
        "\(harness.cacheKey):chat:\(session)"
    }

    @Test("a message that comes in the middle of a turn is kept, and the turn with it")
    func interleaved() async throws {
        try await RedisHarness.with { harness in
            _ = try await harness.append("t1")
            guard case .opened(let lease, let window) = try await harness.open("t2") else { return }
            try await harness.ask("LPUSH", Self.list(harness), Self.human("from python"))
            let outcome = try await harness.store.append(
                RedisHarness.turn(
                    "t2", lease: lease, generation: window.session?.generation, question: "q2", answer: "a2",
                    wall: harness.wallMicroseconds))
            guard case .appended(let session, _) = outcome else { throw RedisHarness.NeverCame(what: "\(outcome)") }
            #expect(session.messageCount == 5)
            #expect(try await harness.texts() == ["q", "a", "from python", "q2", "a2"])
        }
    }

    @Test("a first turn joins a conversation that another program made meanwhile, also once that was seen here")
    func joined() async throws {
        try await RedisHarness.with { harness in
            for isSeen in [false, true] {
                let id = "s\(isSeen)"
                guard case .opened(let lease, let window) = try await harness.open("t", session: id) else { return }
                #expect(window.session == nil)
                try await harness.ask("LPUSH", Self.list(harness, id), Self.human("hello  there"))
                if isSeen { #expect(try await harness.store.session(owner: "", id: id)?.title == "hello there") }
                let outcome = try await harness.store.append(
                    RedisHarness.turn("t", lease: lease, generation: nil, wall: harness.wallMicroseconds))
                guard case .appended(let session, _) = outcome else { throw RedisHarness.NeverCame(what: "\(outcome)") }
                #expect(session.messageCount == 3 && session.title == "hello there")
                #expect(session.expiresAtMicroseconds == nil)
                #expect(try await harness.ask("TTL", Self.list(harness, id)) == "-1")
            }
        }
    }

    @Test("a list without an end never gets one, and one with an end gets ours")
    func ends() async throws {
        try await RedisHarness.with { harness in
            try await harness.ask("LPUSH", Self.list(harness, "eternal"), Self.human("a"))
            _ = try await harness.append("t", session: "eternal", idleLifetime: .seconds(50))
            #expect(try await harness.ask("TTL", Self.list(harness, "eternal")) == "-1")
            try await harness.ask("LPUSH", Self.list(harness, "ending"), Self.human("a"))
            try await harness.ask("EXPIRE", Self.list(harness, "ending"), "5")
            _ = try await harness.append("t", session: "ending", idleLifetime: .seconds(50))
            let left = try #require(try await harness.ask("TTL", Self.list(harness, "ending")).flatMap { Int($0) })
            #expect((49...50).contains(left))
            // What is ours outlives the list by a little, and then goes, too.
            let keys = ConversationKeys(cacheKey: harness.cacheKey, list: Self.list(harness, "ending"))
            let meta = try #require(try await harness.ask("TTL", keys.meta).flatMap { Int($0) })
            #expect(meta > left && meta <= left + 61)
            for key in [keys.turns, keys.turnOrder, keys.lock] {
                #expect(try await harness.ask("TTL", key) != "-1", "\(key) stays for ever")
            }
        }
    }

    @Test("a conversation that others removed is gone, with its turns, and a turn that ran in it is not stored")
    func removed() async throws {
        try await RedisHarness.with { harness in
            _ = try await harness.append("t1")
            guard case .opened(let lease, let window) = try await harness.open("t2") else { return }
            try await harness.ask("DEL", Self.list(harness))
            #expect(try await harness.store.findTurn(owner: "", sessionID: "s", turnID: "t1") == nil)
            let outcome = try await harness.store.append(
                RedisHarness.turn(
                    "t2", lease: lease, generation: window.session?.generation, wall: harness.wallMicroseconds))
            #expect(outcome == .sessionDeleted)
            #expect(try await harness.store.session(owner: "", id: "s") == nil)
            let page = try await harness.store.sessions(
                in: .owner(""), limit: PageLimit(items: 10, bytes: 10_000), pageToken: nil)
            #expect(page.items.isEmpty)
            #expect(try await harness.ask("ZCARD", "\(harness.cacheKey):index1:{}") == "0", "the entry is dropped")
            try await harness.locks.release(lease.key, token: lease.token)
            // Turn ids begin anew.
            _ = try await harness.append("t1")
        }
    }

    @Test("what is left of a removed conversation means nothing to one that another program makes under its id")
    func removedAndMadeAnew() async throws {
        try await RedisHarness.with { harness in
            _ = try await harness.append("t1", question: "old title")
            try await harness.ask("DEL", Self.list(harness))
            guard case .opened(let lease, let window) = try await harness.open("t2") else { return }
            #expect(window.session == nil)
            try await harness.ask("LPUSH", Self.list(harness), Self.human("from python"))
            let outcome = try await harness.store.append(
                RedisHarness.turn("t2", lease: lease, generation: nil, wall: harness.wallMicroseconds))
            guard case .appended(let session, _) = outcome else { throw RedisHarness.NeverCame(what: "\(outcome)") }
            #expect(session.title == "from python" && session.messageCount == 3)
            #expect(try await harness.store.findTurn(owner: "", sessionID: "s", turnID: "t1") == nil)
        }
    }

    @Test("elements that are no messages keep their places, are shown as such, and are no part of a prompt")
    func unreadable() async throws {
        try await RedisHarness.with { harness in
            _ = try await harness.append("t1")
            for bad in ["no json", "{}", #"{"type": "robot", "data": {"content": "x"}}"#, "\u{FFFD}", "[1"] {
                try await harness.ask("LPUSH", Self.list(harness), bad)
            }
            _ = try await harness.append("t2", question: "q2", answer: "a2")
            let bad = Array(repeating: MessageFormat.unreadable, count: 5)
            #expect(try await harness.texts() == ["q", "a"] + bad + ["q2", "a2"])
            let window = try await harness.store.loadWindow(
                owner: "", sessionID: "s", limit: WindowLimit(messages: 9), idleLifetime: nil)
            #expect(window.messages.map(\.text) == ["q", "a", "q2", "a2"])
            #expect(window.messages.map(\.position) == [1, 2, 8, 9])
        }
    }

    @Test("a key of another type is told, and nothing of it is changed")
    func wrongType() async throws {
        try await RedisHarness.with { harness in
            try await harness.ask("SET", Self.list(harness), "precious")
            let error = await #expect(throws: EngineError.self) { _ = try await harness.open("t") }
            #expect(error?.reason == "STORE_REFUSED" && error?.message.contains("WRONGTYPE") == true)
            #expect(error?.message.contains(harness.cacheKey) == false, "a key is nobody's affair")
            let append = await #expect(throws: EngineError.self) {
                let lease = try await harness.locks.acquire(
                    LockRequest(
                        key: LockKey(.session, owner: "", name: "s"), token: .random(), timeToLive: .seconds(5)))
                _ = try await harness.store.append(
                    RedisHarness.turn("t", lease: lease, generation: nil, wall: harness.wallMicroseconds))
            }
            #expect(append?.reason == "STORE_REFUSED")
            #expect(try await harness.ask("GET", Self.list(harness)) == "precious")
            #expect(try await harness.ask("EXISTS", "\(harness.cacheKey):turns1:{\(Self.list(harness))}") == "0")
        }
    }

    @Test("a long history is read as far as the window needs, in parts, in order")
    func longHistory() async throws {
        try await RedisHarness.with { harness in
            for index in 0..<300 {
                _ = try await harness.append("t\(index)", question: "q\(index)", answer: "a\(index)")
            }
            for (limit, count) in [(40, 40), (64, 64), (65, 65), (200, 200), (nil, 600)] as [(Int?, Int)] {
                let window = try await harness.store.loadWindow(
                    owner: "", sessionID: "s", limit: WindowLimit(messages: limit), idleLifetime: nil)
                let positions = Array((601 - count)...600)
                #expect(window.messages.map(\.position) == positions, "limit \(limit ?? -1)")
                #expect(window.messages.last?.text == "a299")
            }
            let bytes = try await harness.store.loadWindow(
                owner: "", sessionID: "s", limit: WindowLimit(bytes: 400), idleLifetime: nil)
            #expect(bytes.messages.count == 100, "each has 4 bytes")
            var texts: [String] = []
            var token: String?
            repeat {
                let page = try #require(
                    try await harness.store.messages(
                        owner: "", sessionID: "s", order: .newestFirst, limit: PageLimit(items: 70, bytes: 10_000),
                        pageToken: token))
                texts += page.items.map(\.text)
                token = page.nextToken
            } while token != nil
            #expect(texts == (0..<300).reversed().flatMap { ["a\($0)", "q\($0)"] })
        }
    }

    // MARK: Lists of sessions

    @Test("repairs find what others made and continued, what lost its place, and what ended; one replica does them")
    func repaired() async throws {
        let harness = try await RedisHarness.open()
        let other = try await RedisHarness.open(cacheKey: harness.cacheKey)
        for index in 0..<50 {
            try await harness.ask("LPUSH", Self.list(harness, "python-\(index)"), Self.human("hello \(index)"))
        }
        _ = try await harness.append("t1", session: "ours")
        _ = try await harness.append("t1", session: "of-another", owner: "o/2")
        // As if the replica had died before it wrote the place.
        try await harness.ask("DEL", "\(harness.cacheKey):index1:{}", "\(harness.cacheKey):index-of-all1")
        try await harness.repairAll()
        #expect(try await other.opened.repairLists() == .seconds(5), "the other one leaves it alone")
        var ids = Set(try await Self.ids(harness, .owner("")))
        #expect(ids == Set((0..<50).map { "python-\($0)" } + ["ours"]))
        #expect(try await Self.ids(harness, .allOwners).count == 52, "other owners' are among all")
        // Continued by another program: it moves to the front.
        try await harness.ask("LPUSH", Self.list(harness, "python-7"), Self.human("more"))
        try await harness.repairAll()
        #expect(try await Self.ids(harness, .owner("")).first == "python-7")
        // Removed by another program: the entries go without anybody's asking.
        for index in 10..<50 { try await harness.ask("DEL", Self.list(harness, "python-\(index)")) }
        try await harness.repairAll()
        #expect(try await harness.ask("ZCARD", "\(harness.cacheKey):index1:{}") == "11")
        #expect(try await harness.ask("ZCARD", "\(harness.cacheKey):index-of-all1") == "12")
        ids = Set(try await Self.ids(harness, .owner("")))
        #expect(ids == Set((0..<10).map { "python-\($0)" } + ["ours"]))
        await harness.opened.close()
        await other.opened.close()
    }

    @Test(
        "among 100,000 conversations one that another program made is listed within a minute",
        .enabled(if: getenv("CHAT_FAILOVERS") != nil), .timeLimit(.minutes(5)))
    func repairOfMany() async throws {
        try await RedisHarness.with { harness in
            let make = """
                for index = tonumber(ARGV[2]), ARGV[2] + 9999 do
                    redis.call('LPUSH', ARGV[1] .. index, ARGV[3])
                end
                """
            let prefix = Self.list(harness, "many-")
            for start in stride(from: 0, to: 100_000, by: 10_000) {
                try await harness.ask("EVAL", make, "0", prefix, "\(start)", Self.human("hello"))
            }
            try await harness.repairAll(atItsPace: true)
            #expect(try await harness.ask("ZCARD", "\(harness.cacheKey):index1:{}") == "100000")
            // Each of them has a hash of its own by now, and one is new.
            try await harness.ask("LPUSH", Self.list(harness, "new"), Self.human("hello"))
            let start = ContinuousClock.now
            try await harness.repairAll(atItsPace: true)
            let time = ContinuousClock.now - start
            print("100,000 conversations were looked through in \(time)")
            #expect(try await harness.ask("ZSCORE", "\(harness.cacheKey):index1:{}", "new") != nil)
            // It may have come just behind the walk, which then rests and begins anew.
            #expect(time * 2 + .seconds(5) < .seconds(60))
        }
    }

    private static func ids(_ harness: RedisHarness, _ scope: SessionScope) async throws -> [String] {
        var ids: [String] = []
        var token: String?
        repeat {
            let page = try await harness.store.sessions(
                in: scope, limit: PageLimit(items: 7, bytes: 100_000), pageToken: token)
            ids += page.items.map(\.id)
            token = page.nextToken
        } while token != nil
        return ids
    }

    // MARK: Turns in one step

    @Test("an opening tells a stored turn, a held lock, and takes no lock past those who wait for it here")
    func opening() async throws {
        try await RedisHarness.with { harness in
            _ = try await harness.append("t1")
            guard case .stored(let turn) = try await harness.open("t1") else { return }
            #expect(turn.text == "a")
            guard case .opened(let lease, let window) = try await harness.open("t2") else { return }
            #expect(window.messages.map(\.text) == ["q", "a"] && window.session?.messageCount == 2)
            #expect(try await harness.open("t3") == .notLocked)
            let waiting = Task {
                try await harness.locks.acquire(
                    LockRequest(
                        key: lease.key, token: .random(), timeToLive: .seconds(10), waitDeadline: .now + .seconds(30)))
            }
            try await harness.eventually("it waits") { try await harness.locks.inspect(lease.key)?.waiters == 1 }
            #expect(try await harness.open("t3") == .notLocked)
            // Stored with the lock given back in the same step: the one who waits gets it.
            let outcome = try await harness.store.append(
                RedisHarness.turn(
                    "t2", lease: lease, generation: window.session?.generation, wall: harness.wallMicroseconds))
            guard case .appended = outcome else { throw RedisHarness.NeverCame(what: "\(outcome)") }
            let next = try await waiting.value
            #expect(next.fence > lease.fence)
            #expect(try await harness.locks.release(lease.key, token: next.token))
        }
    }

    @Test("an opening that fails after it took the lock gives it back, and a long window is not loaded by one")
    func failedOpening() async throws {
        let harness = try await RedisHarness.open { $0.limits.messagesPerSessionMax = 3 }
        _ = try await harness.append("t1")
        for _ in 0..<2 {
            let error = await #expect(throws: EngineError.self) { _ = try await harness.open("t2") }
            #expect(error?.kind == .resourceExhausted)
            #expect(try await harness.locks.inspect(LockKey(.session, owner: "", name: "s")) == nil)
        }
        #expect(try await harness.open("t2", window: WindowLimit()) == .notLocked)
        #expect(try await harness.locks.inspect(LockKey(.session, owner: "", name: "s")) == nil)
        await harness.opened.close()
    }

    @Test("turn ids are forgotten after their time, a few with each turn, and a repeated one counts anew")
    func oldTurns() async throws {
        try await RedisHarness.with { harness in
            let day: Int64 = 24 * 3600 * 1_000_000
            for index in 0..<6 {
                guard case .opened(let lease, let window) = try await harness.open("t\(index)") else { return }
                var turn = RedisHarness.turn(
                    "t\(index)", lease: lease, generation: window.session?.generation, wall: harness.wallMicroseconds)
                turn.turn.finishedAtMicroseconds -= day + 1000
                _ = try await harness.store.append(turn)
                #expect(try await harness.store.findTurn(owner: "", sessionID: "s", turnID: "t\(index)") == nil)
            }
            let keys = ConversationKeys(cacheKey: harness.cacheKey, list: Self.list(harness))
            #expect(try await harness.ask("HLEN", keys.turns) == "1", "each came and took those before along")
            _ = try await harness.append("t5")
            #expect(try await harness.store.findTurn(owner: "", sessionID: "s", turnID: "t5") != nil)
            #expect(try await harness.ask("HLEN", keys.turns) == "1")
            #expect(try await harness.ask("LLEN", keys.turnOrder) == "1")
        }
    }
}
