// Reads lines from a terminal, which edits them itself (cooked mode), on a thread that a signal can call back.

internal import Glibc
internal import Synchronization

/// The line in front of the user. `nextLine` from one task at a time, `interrupt` from any thread.
final class Prompt: Sendable {
    enum Line: Sendable, Equatable {
        case text(String)
        /// Ctrl-D, or the terminal is gone.
        case end
        /// Ctrl-C; whether anything had been typed by then.
        case interrupted(hadText: Bool)
        /// Another signal, which ends the program.
        case ended(Int32)
    }

    /// Writing a signal's number to it wakes the reader. Two descriptors for the life of the process.
    private let wakeUp: (read: Int32, write: Int32)
    /// Bytes that were read beyond the line that was asked for. Only the reading thread, of which there is one, takes
    /// it.
    private let pending = Mutex<[UInt8]>([])

    /// A terminal gives lines of at most 4,095 bytes; more pasted at once come as several reads.
    private static let readBytesMax = 4096

    init() {
        var descriptors: [Int32] = [-1, -1]
        if pipe(&descriptors) != 0 {
            StandardError.say("no pipe could be made: \(String(cString: strerror(errno)))")
            exit(ExitStatus.internalFault.rawValue)
        }
        wakeUp = (descriptors[0], descriptors[1])
    }

    /// Ends the wait of `nextLine`.
    func interrupt(_ signal: Int32) {
        var byte = UInt8(truncatingIfNeeded: signal)
        _ = write(wakeUp.write, &byte, 1)
    }

    /// Shows the prompt and waits for a line.
    func nextLine() async -> Line {
        await withCheckedContinuation { continuation in
            Thread.start { continuation.resume(returning: self.readLine()) }
        }
    }

    private func readLine() -> Line {
        let settings = TerminalSettings.keepTypedTextOnInterrupt()
        defer { settings?.restore() }
        // Only now: a Ctrl-C by somebody who has seen the prompt must find the terminal and the signal set up for it.
        StandardOutput.write("> ")
        var bytes = pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
        while true {
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                let rest = Array(bytes[(end + 1)...])
                pending.withLock { $0 = rest }
                return .text(String(decoding: bytes[..<end], as: UTF8.self))
            }
            var waits = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeUp.read, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waits, 2, -1) > 0 else { continue }
            if waits[1].revents != 0 { return interrupted(settings, hasBytes: !bytes.isEmpty) }
            var buffer = [UInt8](repeating: 0, count: Self.readBytesMax)
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return bytes.isEmpty ? .end : .text(String(decoding: bytes, as: UTF8.self)) }
            bytes += buffer[..<count]
        }
    }

    private func interrupted(_ settings: TerminalSettings?, hasBytes: Bool) -> Line {
        var signal: UInt8 = 0
        _ = read(wakeUp.read, &signal, 1)
        guard Int32(signal) == SIGINT else { return .ended(Int32(signal)) }
        let hadText = settings?.dropTypedText() ?? false
        return .interrupted(hadText: hadText || hasBytes)
    }
}
