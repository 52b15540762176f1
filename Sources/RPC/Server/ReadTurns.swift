// How much of one connection is read in a pass of its loop. Pure: the connection counts its frames here and asks its
// stream accordingly.
//
// A pass gives each socket a turn, and all of them wait for it. Bytes alone do not bound a turn: 256 KiB are a quarter
// of a large request or 26,000 PINGs. So a turn ends with its frames, too, and a connection of many small ones is read
// in smaller pieces, since what was read must be handled.

internal import IOLoop

/// The turns of one connection.
struct ReadTurns: Sendable {
    /// Frames in a turn; what was read is handled to its end. Some 100 us of small calls: sixteen clients that send as
    /// fast as they can then delay a seventeenth by two milliseconds, and system calls still cost next to nothing a
    /// frame.
    static let framesMax = 64
    /// The smallest piece, in bytes.
    static let readBytesMin = 1024

    /// What to read at a time.
    private(set) var readBytes = LoopLimits.scratchBytes
    private var frames = 0
    private var pass: ContinuousClock.Instant?

    /// Notes what one read held.
    ///
    /// - Parameter pass: the loop's time, which is the same throughout a pass.
    /// - Returns: true when the turn is over.
    mutating func read(frames count: Int, bytes: Int, in pass: ContinuousClock.Instant) -> Bool {
        if self.pass != pass {
            self.pass = pass
            frames = 0
        }
        frames += count
        if count > Self.framesMax {
            readBytes = max(Self.readBytesMin, bytes * Self.framesMax / count)
        } else if count < Self.framesMax / 2 {
            readBytes = min(LoopLimits.scratchBytes, readBytes * 2)
        }
        return frames >= Self.framesMax
    }
}
