// A file that has its name only when it is whole. Until then it is FILE.partial, readable by its owner only.

internal import Glibc

/// A file that is being written. Gone without `finish`.
final class PartialFile {
    private let path: String
    private let replaces: Bool
    private var descriptor: Int32
    private var partialPath: String { path + ".partial" }

    /// Begins the file.
    ///
    /// - Parameter replaces: true to take the place of a file of that name, and to remove what an earlier run that was
    ///   killed has left.
    /// - Throws: `ProgramFailure`.
    init(_ path: String, replaces: Bool) throws {
        self.path = path
        self.replaces = replaces
        descriptor = -1
        try checkFree()
        descriptor = open(
            partialPath, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (replaces ? 0 : O_EXCL), 0o600)
        if descriptor < 0, errno == EEXIST {
            throw ProgramFailure(
                .failed,
                "\(partialPath) is there already: another run writes it, or one was killed; remove it, or say --force")
        }
        guard descriptor >= 0 else { throw Self.failure(partialPath, "cannot be made") }
        // A run that is killed gives the lock back, so it tells a live one from what a dead one left.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, isNamed, ftruncate(descriptor, 0) == 0 else {
            close(descriptor)
            descriptor = -1
            throw ProgramFailure(.failed, "\(partialPath) is being written by another run; wait for it")
        }
        fchmod(descriptor, 0o600)
    }

    deinit {
        guard descriptor >= 0 else { return }
        if isNamed { unlink(partialPath) }
        close(descriptor)
    }

    /// True while the name is still this file's.
    private var isNamed: Bool {
        var (own, named) = (stat(), stat())
        return fstat(descriptor, &own) == 0 && stat(partialPath, &named) == 0 && own.st_ino == named.st_ino
            && own.st_dev == named.st_dev
    }

    /// Appends bytes.
    ///
    /// - Throws: `ProgramFailure`, when the disk is full for example.
    func write(_ bytes: some Collection<UInt8>) throws {
        let isWritten = bytes.withContiguousStorageIfAvailable { writeAll(UnsafeRawBufferPointer($0)) }
        guard isWritten ?? Array(bytes).withUnsafeBytes({ writeAll($0) }) else {
            throw Self.failure(partialPath, "cannot be written")
        }
    }

    /// Makes the file durable and gives it its name.
    ///
    /// - Throws: `ProgramFailure`; there is no file of that name then, unless there was one before.
    func finish() throws {
        guard fsync(descriptor) == 0 else { throw Self.failure(partialPath, "cannot be brought to the disk") }
        try checkFree()
        guard isNamed else {
            throw ProgramFailure(.failed, "\(partialPath) was removed meanwhile; nobody else may touch it")
        }
        guard rename(partialPath, path) == 0 else { throw Self.failure(path, "cannot be named so") }
        close(descriptor)
        descriptor = -1
        syncFolder()
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }

    private func checkFree() throws {
        guard !replaces, access(path, F_OK) == 0 else { return }
        throw ProgramFailure(.failed, "\(path) is there already; name another file, or say --force to replace it")
    }

    /// The new name is durable when its folder is. A file system that cannot do it keeps no such order.
    private func syncFolder() {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ path: String, _ words: String) -> ProgramFailure {
        ProgramFailure(.failed, "\(path) \(words): \(String(cString: strerror(errno)))")
    }
}
