// The file that a copy of the store is written to before it is sent: it lies beside the store, where room and
// permissions are right, and loses its name as soon as it is open.

internal import ChatEngine
internal import Glibc

/// A finished copy, open for reading and without a name. Gone with this value.
final class StoreCopy {
    /// The length of the file.
    let byteCount: Int
    private let descriptor: Int32

    /// Where the copy of a store is written. One at a time, so one name, which `removeLeftover` finds again.
    static func path(beside database: String) -> String { database + ".unfinished-copy" }

    /// Removes what a copy left that did not come to its end.
    static func removeLeftover(beside database: String) {
        let path = path(beside: database)
        // SQLite's journal lies there while it writes.
        for suffix in ["", "-journal", "-wal"] { unlink(path + suffix) }
    }

    /// Takes over the copy beside `database`, and its name away.
    ///
    /// - Throws: `EngineError` of kind `unavailable`.
    init(takingOver database: String) throws(EngineError) {
        descriptor = open(Self.path(beside: database), O_RDONLY | O_CLOEXEC)
        var information = stat()
        guard descriptor >= 0, fstat(descriptor, &information) == 0 else {
            let code = errno
            if descriptor >= 0 { close(descriptor) }
            Self.removeLeftover(beside: database)
            throw Self.failure("opened", code)
        }
        byteCount = Int(information.st_size)
        Self.removeLeftover(beside: database)
    }

    deinit { close(descriptor) }

    /// The next bytes; never none. Blocks for as long as the disk needs: it was written a moment ago, so the system
    /// has it in memory as a rule.
    ///
    /// - Throws: `EngineError` of kind `unavailable`.
    func read(at offset: Int, atMost count: Int) throws(EngineError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: min(count, byteCount - offset)) { buffer, filled in
            let read = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            code = read < 0 ? errno : 0
            filled = max(0, read)
        }
        // Nobody else can shorten a file without a name.
        guard !bytes.isEmpty else { throw Self.failure("read", code) }
        // The disk fetches what comes next while this is sent.
        posix_fadvise(descriptor, off_t(offset + bytes.count), off_t(count), POSIX_FADV_WILLNEED)
        return bytes
    }

    /// A copy that did not come about. The path stays in the server.
    static func failure(_ what: String, _ code: Int32? = nil) -> EngineError {
        let number = code.map { " (error \($0))" } ?? ""
        return EngineError(
            .unavailable, reason: "STORE_UNAVAILABLE",
            "the copy of the store cannot be \(what) in the store's folder\(number); look for room and permissions "
                + "there")
    }
}
