// Where log lines go: one write(2) a line. A reader that is stuck costs lines, which are counted, and never a call.

internal import Glibc
internal import Synchronization

/// A descriptor for log lines, from any thread. It does not own the descriptor.
package final class LogOutput: Sendable {
    private let descriptor: Int32
    /// Lines that found no room since the last one that did. Relaxed: it is a count and orders nothing.
    private let dropped = Atomic<Int>(0)

    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// True where the descriptor is a terminal.
    package var isTerminal: Bool { isatty(descriptor) == 1 }

    /// How many lines were dropped since the last call, for a field of the next line.
    func takeDroppedLines() -> Int {
        dropped.exchange(0, ordering: .relaxed)
    }

    /// Writes a line of at most PIPE_BUF bytes, or drops it where the descriptor would block.
    ///
    /// - Parameter droppedBefore: what the line says of dropped lines, counted again when it is dropped itself.
    func write(_ line: [UInt8], droppedBefore: Int = 0) {
        // The descriptor is shared with whoever started us, so it must not be set non-blocking: ask first. A pipe that
        // is ready takes PIPE_BUF bytes at once.
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        if poll(&request, 1, 0) == 1, request.revents & Int16(POLLOUT) != 0,
            line.withUnsafeBytes({ Glibc.write(descriptor, $0.baseAddress, $0.count) }) >= 0
        {
            return
        }
        dropped.wrappingAdd(droppedBefore + 1, ordering: .relaxed)
    }
}
