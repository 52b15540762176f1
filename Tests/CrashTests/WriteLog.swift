// The log that PowerLoss/powerloss.c writes: every change of a database's files, every sync, every reply, in the order
// in which they happened.

import Glibc

/// One log, read whole.
struct WriteLog {
    enum File: UInt8 {
        case none, database, wal, journal, directory, accepted
    }

    enum Kind: UInt8 {
        case start = 1
        case create, write, truncate, sync, unlink, directorySync, reply, skippedSync
    }

    struct Record {
        var kind: Kind
        var file: File
        /// Where a write begins; what a truncation cuts to; the number of an unlinked file's second name.
        var offset: Int
        /// The file's size before.
        var oldSize: Int
        /// What was there before, up to the file's end.
        var oldBytes: ArraySlice<UInt8>
        /// What was written, or sent.
        var newBytes: ArraySlice<UInt8>
    }

    let records: [Record]
    /// Bytes of whole records: a process that is killed may leave the beginning of one more.
    let wholeBytes: Int

    private static let magic = 0x504C_4F47
    private static let headBytes = 40

    /// Reads a log; an absent one is empty.
    init(path: String) throws { self.init(bytes: try FileBytes.read(path) ?? []) }

    init(bytes: [UInt8]) {
        var records: [Record] = []
        var rest = bytes[...]
        while rest.count >= Self.headBytes {
            let head = rest
            func number(at position: Int, _ width: Int) -> Int {
                let start = head.startIndex + position
                return head[start..<start + width].reversed().reduce(0) { $0 << 8 | Int($1) }
            }
            precondition(number(at: 0, 4) == Self.magic, "a record begins where the one before ended")
            let (oldLength, newLength) = (number(at: 24, 8), number(at: 32, 8))
            guard rest.count >= Self.headBytes + oldLength + newLength else { break }
            let old = rest.dropFirst(Self.headBytes).prefix(oldLength)
            let new = rest.dropFirst(Self.headBytes + oldLength).prefix(newLength)
            records.append(
                Record(
                    kind: Kind(rawValue: UInt8(number(at: 4, 1)))!, file: File(rawValue: UInt8(number(at: 5, 1)))!,
                    offset: number(at: 8, 8), oldSize: number(at: 16, 8), oldBytes: old, newBytes: new))
            rest = rest.dropFirst(Self.headBytes + oldLength + newLength)
        }
        self.records = records
        wholeBytes = bytes.count - rest.count
    }
}

/// Small files as bytes.
enum FileBytes {
    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ operation: String, _ path: String) {
            description = "\(operation) \(path): \(String(cString: strerror(errno)))"
        }
    }

    /// Nil where there is no such file.
    static func read(_ path: String) throws -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure("open", path)
        }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw Failure("stat", path) }
        let size = Int(information.st_size)
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let part = Glibc.read(descriptor, buffer.baseAddress! + count, size - count)
                if part < 0, errno == EINTR { continue }
                failed = part < 0
                if part <= 0 { return }
                count += part
            }
        }
        if failed { throw Failure("read", path) }
        return bytes
    }

    /// Makes a file, or replaces all of it.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("open", path) }
        defer { close(descriptor) }
        try write(bytes[...], at: 0, of: descriptor, path)
    }

    static func write(_ bytes: ArraySlice<UInt8>, at offset: Int, of descriptor: Int32, _ path: String) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress! + written, buffer.count - written, off_t(offset + written))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure("write", path) }
            written += count
        }
    }

    /// Copies a file; false where there is none.
    @discardableResult
    static func copy(_ source: String, to target: String) throws -> Bool {
        guard let bytes = try read(source) else { return false }
        try write(bytes, to: target)
        return true
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// True when both names are of one file.
    static func areSame(_ first: String, _ second: String) -> Bool {
        var (one, other) = (stat(), stat())
        return stat(first, &one) == 0 && stat(second, &other) == 0 && one.st_dev == other.st_dev
            && one.st_ino == other.st_ino
    }
}
