// Lines of a file or of standard input, each held to a length.

internal import Glibc

/// Reads lines one after the other. Owns its descriptor.
final class LineReader {
    /// A line.
    enum Line {
        case bytes([UInt8])
        /// It is longer than the limit, and was read past.
        case tooLong
    }

    private static let readBytes = 1 << 20
    /// How long a wait for bytes goes on before it is looked whether the program is to end.
    private static let pollMilliseconds: Int32 = 100

    private let descriptor: Int32
    private let bytesMax: Int
    private var buffer: [UInt8] = []
    /// What of the buffer was given out.
    private var start = 0
    /// What of the buffer has no end of line.
    private var searched = 0
    private var isAtEnd = false
    private var isTooLong = false

    /// Opens a file; nil and "-" are standard input.
    ///
    /// - Throws: `ProgramFailure`.
    init(_ path: String?, bytesMax: Int) throws {
        self.bytesMax = bytesMax
        guard let path, path != "-" else {
            descriptor = dup(STDIN_FILENO)
            return
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ProgramFailure(.notFound, "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The next line without its end; nil after the last. Blocks its thread.
    ///
    /// - Throws: `ProgramFailure`, `CancellationError`.
    func next() throws -> Line? {
        while true {
            if let end = endOfLine() { return take(upTo: end, next: end + 1) }
            searched = buffer.count
            if searched - start > bytesMax {
                // Only its end is of interest now.
                isTooLong = true
                drop(upTo: searched)
            }
            if isAtEnd { return searched > start || isTooLong ? take(upTo: searched, next: searched) : nil }
            try fill()
        }
    }

    private func endOfLine() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, searched < bytes.count,
                let found = memchr(base + searched, Int32(UInt8(ascii: "\n")), bytes.count - searched)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private func take(upTo end: Int, next: Int) -> Line {
        let line: Line = isTooLong || end - start > bytesMax ? .tooLong : .bytes(Array(buffer[start..<end]))
        isTooLong = false
        start = next
        searched = next
        return line
    }

    private func drop(upTo end: Int) {
        buffer.removeFirst(end)
        start = 0
        searched -= end
    }

    private func fill() throws {
        drop(upTo: start)
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&wait, 1, Self.pollMilliseconds) == 0 { try Task.checkCancellation() }
        try Task.checkCancellation()
        var (count, code) = (0, errno)
        buffer += [UInt8](unsafeUninitializedCapacity: Self.readBytes) { room, filled in
            count = read(descriptor, room.baseAddress, room.count)
            code = errno
            filled = max(0, count)
        }
        if count < 0, code != EINTR {
            throw ProgramFailure(.failed, "the input cannot be read: \(String(cString: strerror(code)))")
        }
        if count == 0 { isAtEnd = true }
    }
}
