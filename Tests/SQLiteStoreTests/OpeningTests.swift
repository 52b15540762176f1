// Opening: what the file is like, which files are refused and how that is said, and how earlier versions become ours.

import ChatEngine
import EngineConformance
import GRDB
import Glibc
import Testing

@testable import SQLiteStore

@Suite("Opening the SQLite store", .timeLimit(.minutes(1)))
struct OpeningTests {
    private func refusal(_ path: String, migrations: [Migration] = Schema.migrations) throws -> String {
        let error = try #require(throws: StoreOpenError.self) {
            _ = try DatabaseFile.open(path, migrations: migrations)
        }
        return error.description
    }

    private func mode(_ path: String) -> mode_t? {
        var information = stat()
        return stat(path, &information) == 0 ? information.st_mode & 0o777 : nil
    }

    @Test("the log is synced with each commit, and the file is this process's alone")
    func settings() async throws {
        try await SQLiteHarness.with { store in
            let synchronous = try store.number("PRAGMA synchronous")
            #expect(synchronous == 2)
            let version = try store.number("PRAGMA user_version")
            #expect(version == Int64(Schema.migrations.count))
            #expect(access(store.folder.database + "-shm", F_OK) != 0, "nothing is shared with another process")
        }
    }

    @Test("file, log and new folders are readable by their owner only")
    func permissions() async throws {
        let folder = try StoreFolder()
        let path = folder.path + "/new/deep/chat.db"
        let former = umask(0)
        defer { umask(former) }
        let store = try SQLiteStore.open(path, clock: ManualClock())
        #expect(mode(path) == 0o600)
        #expect(mode(path + "-wal") == 0o600)
        #expect(mode(folder.path + "/new") == 0o700)
        #expect(mode(folder.path + "/new/deep") == 0o700)
        await store.close()
        #expect(mode(path + "-wal") == nil, "a clean end leaves no log")
        unlink(path)
        rmdir(folder.path + "/new/deep")
        rmdir(folder.path + "/new")
    }

    @Test("a file in use is refused, and free again after its store was closed")
    func inUse() async throws {
        let first = try SQLiteHarness()
        #expect(try refusal(first.folder.database).contains("is in use by another process"))
        await first.opened.close()
        let second = try SQLiteHarness(folder: first.folder)
        await second.opened.close()
    }

    @Test("a file of a newer version is refused in words")
    func newer() async throws {
        let folder = try StoreFolder()
        let next = Schema.migrations + [Migration(statements: "CREATE TABLE later (x) STRICT;")]
        // A strict table wants types: the step fails, and the file stays as it was.
        #expect(try refusal(folder.database, migrations: next).contains("cannot be opened"))
        let good = Schema.migrations + [Migration(statements: "CREATE TABLE later (x INTEGER) STRICT;")]
        try DatabaseFile.open(folder.database, migrations: good).close()
        let words = try refusal(folder.database)
        #expect(words.contains("was written by a newer chatd"))
        #expect(words.contains("its version is \(Schema.migrations.count + 1)"))
    }

    @Test("a file of an earlier version is brought forward with what is in it, one step at a time")
    func forward() async throws {
        let first = try SQLiteHarness()
        try await first.append("t1")
        await first.opened.close()
        let steps =
            Schema.migrations + [
                Migration(statements: "ALTER TABLE session ADD COLUMN colour TEXT;"),
                Migration(statements: "UPDATE session SET colour = 'red';"),
            ]
        let queue = try DatabaseFile.open(first.folder.database, migrations: steps)
        let connection = try #require(queue.inDatabase { $0.sqliteConnection })
        #expect(try Schema.number(of: "PRAGMA user_version", connection) == Int64(steps.count))
        #expect(try Schema.number(of: "SELECT count(*) FROM session WHERE colour = 'red'", connection) == 1)
        try queue.close()
    }

    @Test("another program's database is refused byte for byte as it was")
    func leftAlone() async throws {
        let folder = try StoreFolder()
        let queue = try DatabaseQueue(path: folder.database)
        try queue.inDatabase { try $0.execute(sql: "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)") }
        try queue.close()
        let before = try bytes(folder.database)
        #expect(try refusal(folder.database).contains("is a database of another program"))
        let after = try bytes(folder.database)
        #expect(before == after && !before.isEmpty)
        #expect(access(folder.database + "-wal", F_OK) != 0)
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(descriptor, &bytes, bytes.count)
        try #require(count >= 0)
        return Array(bytes[..<count])
    }

    @Test("other programs' databases, other files and folders are refused and left alone")
    func notOurs() async throws {
        let folder = try StoreFolder()
        let foreign = folder.path + "/foreign.db"
        let first = try SQLiteHarness(folder: folder)
        _ = try first.number("PRAGMA application_id = 1")
        await first.opened.close()
        rename(folder.database, foreign)
        #expect(try refusal(foreign).contains("is a database of another program"))

        let text = folder.path + "/text"
        let bytes = Array(String(repeating: "this is no database\n", count: 100).utf8)
        let descriptor = open(text, O_WRONLY | O_CREAT, 0o600)
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
        #expect(try refusal(text).contains("is no database"))
        #expect(try refusal(folder.path).contains("cannot be opened"))
        #expect(try refusal("/dev/null/chat.db").contains("cannot be made"))
    }

    @Test("a damaged file is refused or found out, and nothing traps")
    func damaged() async throws {
        let first = try SQLiteHarness()
        for index in 0..<50 { try await first.append("t\(index)", answer: String(repeating: "x", count: 500)) }
        await first.opened.close()
        let descriptor = open(first.folder.database, O_WRONLY)
        let noise = [UInt8](repeating: 0xA5, count: 4096)
        for page in stride(from: 1, to: 20, by: 1) { pwrite(descriptor, noise, noise.count, off_t(page * 4096)) }
        close(descriptor)
        do {
            let second = try SQLiteHarness(folder: first.folder)
            await #expect(throws: EngineError.self) { try await second.append("new") }
            await second.opened.close()
        } catch let error as StoreOpenError {
            #expect(error.description.contains("damaged"))
        }
    }
}
