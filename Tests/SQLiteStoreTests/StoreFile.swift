// A store on a file of its own, on a clock moved by hand, for the conformance suites and the tests of this folder.

import ChatEngine
import EngineConformance
import Glibc
import Testing

@testable import SQLiteStore

/// A folder that is gone with the test.
final class StoreFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/chat-sqlite-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    var database: String { path + "/chat.db" }

    deinit {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { unlink(path + "/" + name) }
        }
        closedir(folder)
        rmdir(path)
    }
}

/// An open store.
struct SQLiteHarness: StoreHarness {
    let folder: StoreFolder
    let clock: ManualClock
    let opened: SQLiteStore
    let health = Guarded<[StoreHealth]>([])

    init(
        folder: StoreFolder? = nil, clock: ManualClock = ManualClock(),
        limits: SQLiteStoreLimits = SQLiteStoreLimits()
    ) throws {
        let folder = try folder ?? StoreFolder()
        self.folder = folder
        self.clock = clock
        let health = health
        opened = try SQLiteStore.open(folder.database, clock: clock, limits: limits) { state in
            health.withLock { $0.append(state) }
        }
    }

    /// Opens a fresh store for `body` and closes it after that.
    static func with(_ body: (SQLiteHarness) async throws -> Void) async throws {
        let harness = try SQLiteHarness()
        do {
            try await body(harness)
        } catch {
            await harness.opened.close()
            throw error
        }
        await harness.opened.close()
    }

    var locks: any LockManager { opened.locks }
    var store: any SessionStore { opened.sessions }
    var now: ContinuousClock.Instant { clock.now }
    var wallMicroseconds: Int64 { clock.wallMicroseconds }
    var canSkipDays: Bool { true }

    /// Returns when what became due was written, too: renewals are timed anew after that.
    func advance(by duration: Duration) async {
        clock.advance(by: duration)
        try? await opened.queue.write("nothing") { _ in }
    }

    /// An integer that a statement returns, asked on the store's own connection.
    func number(_ sql: String) throws -> Int64 {
        try opened.queue.connected { connection throws(SQLiteFailure) in
            try Schema.number(of: sql, connection.database)
        }
    }

    // MARK: What the engine does

    static let wait = Duration.seconds(60)

    /// Stores one turn of a question and an answer under the session's lock.
    @discardableResult
    func append(
        _ turn: String, session: String = "s", owner: String = "o", question: String = "q", answer: String = "a",
        idleLifetime: Duration? = .seconds(3600)
    ) async throws -> AppendOutcome {
        let key = LockKey(.session, owner: owner, name: session)
        let token = LockToken.random()
        _ = try await locks.acquire(
            LockRequest(key: key, token: token, timeToLive: .seconds(60), waitDeadline: now + Self.wait))
        do {
            let window = try await store.loadWindow(
                owner: owner, sessionID: session, limit: WindowLimit(messages: 2), idleLifetime: idleLifetime)
            let outcome = try await store.append(
                Self.turn(
                    turn, key: key, token: token, generation: window.session?.generation, question: question,
                    answer: answer, wall: wallMicroseconds, idleLifetime: idleLifetime))
            try await locks.release(key, token: token)
            return outcome
        } catch {
            try await locks.release(key, token: token)
            throw error
        }
    }

    static func turn(
        _ id: String, key: LockKey, token: LockToken, generation: UInt64?, question: String, answer: String,
        wall: Int64, idleLifetime: Duration?
    ) -> TurnAppend {
        TurnAppend(
            owner: key.owner, sessionID: key.name, userID: "u", title: question, lockKey: key, lockToken: token,
            generation: generation,
            messages: [
                StoredMessage(role: .user, text: question, turnID: id, createdAtMicroseconds: wall),
                StoredMessage(role: .assistant, text: answer, turnID: id, createdAtMicroseconds: wall, model: "m"),
            ],
            turn: StoredTurn(
                id: id, requestHash: RequestHash(high: 1, low: .max), text: answer, model: "m", finishReason: .stop,
                usage: TokenUsage(), toolRuns: [], finishedAtMicroseconds: wall),
            idleLifetime: idleLifetime)
    }

    /// The texts of a session, in order.
    func texts(session: String = "s", owner: String = "o") async throws -> [String] {
        let page = try await store.messages(
            owner: owner, sessionID: session, order: .oldestFirst, limit: PageLimit(items: 10_000, bytes: 10_000_000),
            pageToken: nil)
        return page?.items.map(\.text) ?? []
    }
}
