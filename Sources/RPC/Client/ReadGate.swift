// Whether a connection's socket is read. Pure. One socket carries many calls, so a stream whose reader is slow must
// neither fill the memory nor stop the others:
//
// - above its buffer's limit a stream stops the socket, unless another call waits for an answer: then reading goes on,
// since
//   the slow reader may itself be waiting for that call;
// - above the hard limit, a multiple of it, the socket stops whoever waits; when others then wait for longer than the
// head-of-line
//   timeout, the stream above the limit fails instead of them.

internal import Wire

/// Decides when to read.
struct ReadGate: Sendable {
    enum Level: Sendable, Equatable {
        case withinLimit
        case full
        case overfull
    }

    private var full: Set<StreamID> = []
    private var overfull: Set<StreamID> = []

    /// A stream's buffer changed.
    mutating func set(_ level: Level, of id: StreamID) {
        if level == .withinLimit { full.remove(id) } else { full.insert(id) }
        if level == .overfull { overfull.insert(id) } else { overfull.remove(id) }
    }

    /// True while nothing is buffered above a limit, which is nearly always.
    @inline(__always)
    var isQuiet: Bool { full.isEmpty }

    /// - Parameter waiting: calls that can only go on when the socket is read: unary calls, and streams whose reader
    /// waits.
    func isPaused(waiting: Int) -> Bool { !full.isEmpty && (waiting == 0 || !overfull.isEmpty) }

    /// True while streams hold up others; the head-of-line timeout runs.
    func holdsUpOthers(waiting: Int) -> Bool { waiting > 0 && !overfull.isEmpty }

    /// The streams to fail when that timeout has passed.
    var victims: [StreamID] { overfull.sorted { $0.rawValue < $1.rawValue } }
}
