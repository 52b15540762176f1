// A prepared statement. GRDB's own end texts at U+0000, which stored texts may hold, and bind by arrays; these bind and
// read with lengths. Used on the store's queue only, by whoever holds the connection.

internal import GRDBSQLite

/// A value that can be bound.
protocol SQLValue {
    /// - Returns: SQLite's result code; texts take memory.
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

extension Int64: SQLValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, self) }
}

extension Int: SQLValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension UInt64: SQLValue {
    /// SQLite's integers have a sign; the bits stay the same.
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(bitPattern: self))
    }
}

extension String: SQLValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        // SQLite copies the text: the destructor that says so is a number.
        let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        // Without a pointer an empty text would be NULL.
        if isEmpty { return sqlite3_bind_text(statement, index, "", 0, copies) }
        var text = self
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                sqlite3_bind_text64(
                    statement, index, characters.baseAddress, UInt64(bytes.count), copies, UInt8(SQLITE_UTF8))
            }
        }
    }
}

extension Optional: SQLValue where Wrapped: SQLValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        if let self { self.bind(to: statement, at: index) } else { sqlite3_bind_null(statement, index) }
    }
}

/// One row of a result, valid until the statement goes on.
struct SQLRow {
    fileprivate let statement: OpaquePointer

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    /// The text, which may hold U+0000; empty for NULL.
    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(statement, column) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// The text's bytes; empty for NULL.
    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_text(statement, column) else { return [] }
        return Array(UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }

    private func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
}

/// A statement, prepared once and run often. Owns its handle, which is freed with it.
final class SQLStatement {
    private let handle: OpaquePointer
    private let database: OpaquePointer

    /// - Throws: `SQLiteFailure` when the statement does not fit the schema.
    init(_ database: OpaquePointer, _ sql: String) throws(SQLiteFailure) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLiteFailure(of: database) }
        self.handle = handle
        self.database = database
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs it to its end.
    func run<each Value: SQLValue>(_ values: repeat each Value) throws(SQLiteFailure) {
        defer { reset() }
        try bind(repeat each values)
        while try step() {}
    }

    /// The first row, read by `read`; nil without one.
    func first<Result, each Value: SQLValue>(
        _ values: repeat each Value, read: (SQLRow) throws(SQLiteFailure) -> Result
    ) throws(SQLiteFailure) -> Result? {
        defer { reset() }
        try bind(repeat each values)
        return try step() ? try read(SQLRow(statement: handle)) : nil
    }

    /// Row by row, until `body` returns false.
    func forEach<each Value: SQLValue>(
        _ values: repeat each Value, body: (SQLRow) throws(SQLiteFailure) -> Bool
    ) throws(SQLiteFailure) {
        defer { reset() }
        try bind(repeat each values)
        while try step() {
            if try !body(SQLRow(statement: handle)) { return }
        }
    }

    private func bind<each Value: SQLValue>(_ values: repeat each Value) throws(SQLiteFailure) {
        var index: Int32 = 0
        for value in repeat each values {
            index += 1
            let code = value.bind(to: handle, at: index)
            if code != SQLITE_OK { throw SQLiteFailure(code: code) }
        }
        assert(index == sqlite3_bind_parameter_count(handle), "each parameter has a value")
    }

    private func step() throws(SQLiteFailure) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw SQLiteFailure(of: database)
        }
    }

    private func reset() {
        // Repeats the error of the step, which was thrown.
        sqlite3_reset(handle)
        // Texts are not kept until the next run.
        sqlite3_clear_bindings(handle)
    }
}
