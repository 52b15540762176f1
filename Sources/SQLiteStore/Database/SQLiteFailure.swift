// Every way in which SQLite fails, and what callers and operators are told of it.

internal import ChatEngine
internal import GRDB
internal import GRDBSQLite

/// A failure of SQLite, by its extended result code. Its own words are left out: they may quote what was stored.
struct SQLiteFailure: Error, Equatable {
    let code: Int32

    init(code: Int32) { self.code = code }

    /// The last failure of a connection.
    init(of database: OpaquePointer) { code = sqlite3_extended_errcode(database) }

    init(_ error: DatabaseError) { code = error.extendedResultCode.rawValue }

    private var primary: Int32 { code & 0xFF }

    var isDiskFull: Bool { primary == SQLITE_FULL }
    /// Another process has the file.
    var isBusy: Bool { primary == SQLITE_BUSY || primary == SQLITE_LOCKED }
    var isNoDatabase: Bool { primary == SQLITE_NOTADB }
    var isDamage: Bool { primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB }
    /// The file, its folder or the disk; not a defect of this program.
    private var isEnvironment: Bool {
        [
            SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_PROTOCOL, SQLITE_NOMEM, SQLITE_BUSY,
            SQLITE_LOCKED, SQLITE_AUTH, SQLITE_NOLFS,
        ].contains(primary)
    }

    /// What an operator reads.
    var words: String {
        if isDiskFull { return "the disk is full" }
        let name = String(cString: sqlite3_errstr(code))
        return isDamage ? "the database is damaged (SQLite error \(code), \(name))" : "SQLite error \(code), \(name)"
    }

    /// The failure of an operation of which certainly nothing is stored.
    var engineError: EngineError {
        if isDiskFull {
            return EngineError(
                .unavailable, reason: "STORE_FULL",
                "the disk of the store is full, so nothing was stored; when there is room again the same call works")
        }
        if isDamage {
            return EngineError(
                .internalError, reason: "STORE_DAMAGED",
                "the store's database is damaged; its operator must restore a backup")
        }
        if isEnvironment {
            return EngineError(
                .unavailable, reason: "STORE_UNAVAILABLE",
                "the store's database cannot be used now (SQLite error \(code)); nothing was stored; try again")
        }
        return EngineError(
            .internalError, reason: "INTERNAL", "the store failed (SQLite error \(code)); nothing was stored")
    }

    /// The failure of a commit. But for a disk without room for it, it is not known what a later start will find.
    func engineError(ofCommit what: String) -> EngineError {
        isDiskFull ? engineError : .outcomeUnknown(what)
    }
}
