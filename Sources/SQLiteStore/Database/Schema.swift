// The tables, and how a file of an earlier version becomes one of this version. A migration that was released is never
// changed: a change is a new one at the end.

internal import GRDBSQLite

/// One step from a version to the next: statements, run in one transaction with the change of the version.
struct Migration: Sendable {
    var statements: String
}

enum Schema {
    /// Says in the file's header whose it is: "chat" in ASCII.
    static let applicationID: Int64 = 0x6368_6174

    /// The first one makes version 1.
    static let migrations: [Migration] = [
        Migration(
            statements: """
                -- Conversations. A number is never used again, also after a deletion: it tells one from another of the
                -- same id. Times are microseconds since 1970.
                CREATE TABLE session (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    owner TEXT NOT NULL,
                    id TEXT NOT NULL,
                    user_id TEXT NOT NULL,
                    title TEXT NOT NULL,
                    -- A JSON object of texts; NULL for none.
                    labels TEXT,
                    message_count INTEGER NOT NULL,
                    created_at INTEGER NOT NULL,
                    -- Of the last turn; no two are alike, so lists have one order.
                    active_at INTEGER NOT NULL,
                    -- NULL for never.
                    expires_at INTEGER,
                    UNIQUE (owner, id)
                ) STRICT;
                CREATE UNIQUE INDEX session_by_activity ON session (active_at);
                CREATE INDEX session_by_owner_and_activity ON session (owner, active_at);
                CREATE INDEX session_by_expiry ON session (expires_at) WHERE expires_at IS NOT NULL;

                -- In the order in which they were written, so that turns of many sessions fill the same pages.
                CREATE TABLE message (
                    session INTEGER NOT NULL,
                    position INTEGER NOT NULL,
                    role TEXT NOT NULL,
                    text TEXT NOT NULL,
                    turn_id TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    model TEXT NOT NULL,
                    -- A JSON array; NULL for none.
                    tool_calls TEXT,
                    tool_call_id TEXT,
                    PRIMARY KEY (session, position)
                ) STRICT;

                -- Finished turns, for retries.
                CREATE TABLE turn (
                    session INTEGER NOT NULL,
                    id TEXT NOT NULL,
                    hash_high INTEGER NOT NULL,
                    hash_low INTEGER NOT NULL,
                    -- The position of the message that has the answer.
                    answer INTEGER NOT NULL,
                    model TEXT NOT NULL,
                    finish_reason TEXT NOT NULL,
                    input_tokens INTEGER NOT NULL,
                    output_tokens INTEGER NOT NULL,
                    cached_input_tokens INTEGER NOT NULL,
                    reasoning_tokens INTEGER NOT NULL,
                    -- A JSON array; NULL for none.
                    tool_runs TEXT,
                    finished_at INTEGER NOT NULL,
                    PRIMARY KEY (session, id)
                ) STRICT;
                CREATE INDEX turn_by_end ON turn (finished_at);

                -- Numbers of sessions that are gone, and whose messages and turns are removed step by step.
                CREATE TABLE removed_session (number INTEGER PRIMARY KEY) STRICT;

                -- Callers' locks.
                CREATE TABLE lease (
                    owner TEXT NOT NULL,
                    name TEXT NOT NULL,
                    token TEXT NOT NULL,
                    fence INTEGER NOT NULL,
                    owner_label TEXT NOT NULL,
                    acquired_at INTEGER NOT NULL,
                    time_to_live INTEGER NOT NULL,
                    expires_at INTEGER NOT NULL,
                    PRIMARY KEY (owner, name)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX lease_by_expiry ON lease (expires_at);
                -- The greatest fence of all leases that ever were.
                CREATE TABLE last_fence (id INTEGER PRIMARY KEY CHECK (id = 1), fence INTEGER NOT NULL) STRICT;
                INSERT INTO last_fence VALUES (1, 0);
                """)
    ]

    /// Looks whether the file is ours, and changes nothing.
    ///
    /// - Throws: `StoreOpenError` when it is another program's or a newer version's; `SQLiteFailure`.
    static func check(_ database: OpaquePointer, path: String, migrations: [Migration]) throws {
        let version = try number(of: "PRAGMA user_version", database)
        let owner = try number(of: "PRAGMA application_id", database)
        let tables = try number(of: "SELECT count(*) FROM sqlite_schema", database)
        guard owner == applicationID || owner == 0 && version == 0 && tables == 0 else {
            throw StoreOpenError("\(path) is a database of another program; name another file")
        }
        guard version <= migrations.count else {
            throw StoreOpenError(
                "\(path) was written by a newer chatd (its version is \(version), this program knows "
                    + "\(migrations.count)); use that chatd, or restore a backup that this one has made")
        }
    }

    /// Brings a file that was checked to the version of `migrations`.
    static func migrate(_ database: OpaquePointer, migrations: [Migration]) throws(SQLiteFailure) {
        let version = try number(of: "PRAGMA user_version", database)
        for (index, migration) in migrations.enumerated().dropFirst(Int(version)) {
            try run(
                """
                BEGIN IMMEDIATE;
                \(migration.statements)
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(index + 1);
                COMMIT;
                """, database)
        }
    }

    /// One integer that a statement returns.
    static func number(of sql: String, _ database: OpaquePointer) throws(SQLiteFailure) -> Int64 {
        try SQLStatement(database, sql).first { $0.integer(0) } ?? 0
    }

    /// Runs statements to the first that fails, which ends an open transaction.
    private static func run(_ sql: String, _ database: OpaquePointer) throws(SQLiteFailure) {
        guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else {
            let failure = SQLiteFailure(of: database)
            if sqlite3_get_autocommit(database) == 0 { sqlite3_exec(database, "ROLLBACK", nil, nil, nil) }
            throw failure
        }
    }
}

/// Why a file cannot be the store; `description` is a sentence for an operator.
package struct StoreOpenError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
