// Writes to standard output and standard error, whole and at once: print(_:) keeps text in a buffer where standard
// output is a pipe, and a streamed answer would come in lumps.

internal import Glibc

enum StandardOutput {
    static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Writes all of it. Where nobody reads any more the program ends as SIGPIPE ends any other, without a word; where
    /// it cannot be written, on a full disk for one, it ends and says so: what is missing must not look complete.
    static func write(_ text: String) {
        if writeAll(text, to: STDOUT_FILENO) { return }
        guard errno == EPIPE else {
            StandardError.say("standard output cannot be written: \(String(cString: strerror(errno)))")
            exit(ExitStatus.failed.rawValue)
        }
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        // Only where whoever started the program blocked the signal.
        exit(128 + SIGPIPE)
    }

    static func writeLine(_ text: String) { write(text + "\n") }

    /// - Returns: false where it could not be written, with errno set.
    fileprivate static func writeAll(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 {
                    if errno == EINTR { continue }
                    guard errno == EAGAIN else { return false }
                    // Another process made the shared description non-blocking.
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, -1)
                    continue
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            return true
        }
    }
}

enum StandardError {
    static let isTerminal = isatty(STDERR_FILENO) == 1

    /// `chatctl: words`.
    static func say(_ words: String) { write("chatctl: \(words)\n") }

    /// Nobody can be told that this failed.
    static func write(_ text: String) { _ = StandardOutput.writeAll(text, to: STDERR_FILENO) }
}
