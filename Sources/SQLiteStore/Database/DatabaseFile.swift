// Opens the database: the only place where the file is made, and where SQLite is told how to be safe.

internal import GRDB
internal import GRDBSQLite
internal import Glibc

enum DatabaseFile {
    /// Opens the file, makes it and its folder where there is none, and brings it to this version. Blocks.
    ///
    /// One connection, in exclusive locking mode: a second process is refused, nothing is shared with it by memory, and
    /// the checkpoint of SQLite up to 3.51 that can lose a commit of another connection has none to lose. `synchronous`
    /// is FULL: a commit returns when the log is on the disk.
    ///
    /// - Throws: `StoreOpenError`, one sentence for an operator.
    static func open(_ path: String, migrations: [Migration] = Schema.migrations) throws -> DatabaseQueue {
        try create(path)
        do {
            var configuration = Configuration()
            configuration.label = "chatd-store"
            configuration.journalMode = .wal
            configuration.foreignKeysEnabled = false
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
                // Before the log is set up, which changes the file: another program's is left as it is.
                try Schema.check(handle(of: database), path: path, migrations: migrations)
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase { database in
                // After opening: GRDB's set-up of the log makes it NORMAL, which loses commits when power fails.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                // Changes that are undone lie in memory, and not as files in a folder that others may read.
                try database.execute(sql: "PRAGMA temp_store = MEMORY")
                // A log that grew for a moment is cut back to that when it is used anew.
                try database.execute(sql: "PRAGMA journal_size_limit = \(logBytesKept)")
                let handle = handle(of: database)
                // GRDB's observers of transactions, which want all statements to be GRDB's own.
                sqlite3_commit_hook(handle, nil, nil)
                sqlite3_rollback_hook(handle, nil, nil)
                try Schema.migrate(handle, migrations: migrations)
                try check(database, handle, path)
            }
            return queue
        } catch let error as DatabaseError {
            throw refusal(SQLiteFailure(error), path)
        } catch let failure as SQLiteFailure {
            throw refusal(failure, path)
        }
    }

    private static func handle(of database: Database) -> OpaquePointer {
        guard let handle = database.sqliteConnection else {
            preconditionFailure("an open database has a connection")
        }
        return handle
    }

    /// Of the write-ahead log, between its uses: four times what is moved into the database at once.
    private static let logBytesKept = 16 << 20

    /// Reads back what safety depends on.
    private static func check(_ database: Database, _ handle: OpaquePointer, _ path: String) throws {
        let journal = try String.fetchOne(database, sql: "PRAGMA journal_mode")
        let locking = try String.fetchOne(database, sql: "PRAGMA locking_mode")
        let synchronous = try Schema.number(of: "PRAGMA synchronous", handle)
        let temporary = try Schema.number(of: "PRAGMA temp_store", handle)
        guard journal == "wal", locking == "exclusive", synchronous == 2, temporary == 2 else {
            throw StoreOpenError(
                "\(path) cannot be kept safely here (journal \(journal ?? "none"), locking \(locking ?? "none"), "
                    + "synchronous \(synchronous), temp_store \(temporary)); name a file on a local disk")
        }
    }

    private static func refusal(_ failure: SQLiteFailure, _ path: String) -> StoreOpenError {
        if failure.isBusy {
            return StoreOpenError(
                "\(path) is in use by another process; stop it, or name another file: a file serves one chatd")
        }
        if failure.isNoDatabase { return StoreOpenError("\(path) is no database; name another file") }
        return StoreOpenError("\(path) cannot be opened: \(failure.words)")
    }

    // MARK: Copies

    /// Pages of one step of a copy, a quarter of a megabyte: about as long as a commit takes.
    private static let copyStepPages: CInt = 64

    /// Copies an open database to a new file. `betweenSteps` may use the source meanwhile, and ends the copy by
    /// throwing. What the source's connection changes is in the copy. The copy is not synced: its last step would hold
    /// up the store until gigabytes are on the disk, and whoever keeps it can sync it elsewhere.
    ///
    /// - Parameter reserveBytes: what must stay free on the disk.
    static func copy(
        _ source: Database, to path: String, reserveBytes: Int,
        betweenSteps: @escaping () throws -> Void
    ) throws {
        guard try create(path) else { throw StoreOpenError("\(path) is there already; name a new file") }
        do {
            let target = try DatabaseQueue(path: path)
            try target.inDatabase { target in
                try target.execute(sql: "PRAGMA synchronous = OFF")
                let pageBytes = try Int(Schema.number(of: "PRAGMA page_size", handle(of: source)))
                let pages = try Int(Schema.number(of: "PRAGMA page_count", handle(of: source)))
                try checkRoom(for: pages * pageBytes, beside: path, reserveBytes)
                try source.backup(to: target, pagesPerStep: copyStepPages) { progress in
                    if !progress.isCompleted {
                        try checkRoom(for: progress.remainingPageCount * pageBytes, beside: path, reserveBytes)
                    }
                    try betweenSteps()
                }
            }
            try target.close()
        } catch {
            // Nothing half may be taken for a copy.
            for suffix in ["", "-journal", "-wal"] { unlink(path + suffix) }
            guard let failure = (error as? DatabaseError).map(SQLiteFailure.init) else { throw error }
            throw StoreOpenError("the copy \(path) cannot be made: \(failure.words)")
        }
    }

    private static func checkRoom(for bytes: Int, beside path: String, _ reserveBytes: Int) throws {
        var information = statvfs()
        guard statvfs(folder(of: path), &information) == 0 else { return }
        let free = Int(information.f_bavail) * Int(information.f_frsize)
        guard free < bytes + reserveBytes else { return }
        throw StoreOpenError(
            "the copy \(path) needs \(bytes >> 20) MiB, and \(reserveBytes >> 20) MiB are left free for the store; "
                + "its disk has \(free >> 20)")
    }

    // MARK: The file and its folder

    /// Makes the file, readable by its owner only, before SQLite would make it readable by all. The log and every file
    /// beside it get its permissions. False when it is there already.
    @discardableResult
    private static func create(_ path: String) throws -> Bool {
        let folder = folder(of: path)
        try makeFolder(folder)
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { return false }
            throw StoreOpenError("\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        // Before SQLite opens it: closing any descriptor of a file gives up the process's locks on it.
        close(descriptor)
        sync(folder: folder)
        return true
    }

    private static func makeFolder(_ path: String) throws {
        var information = stat()
        if stat(path, &information) == 0 { return }
        let parent = folder(of: path)
        if parent != path { try makeFolder(parent) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw StoreOpenError("the folder \(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        sync(folder: parent)
    }

    /// A new file is durable when its folder is. A file system that cannot do it has no such order to keep.
    private static func sync(folder: String) {
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
