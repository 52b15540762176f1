// The bounds of one pass of a loop. A pass that served one source for ever would starve the others.

/// Limits of the loop. Each is a count or a time for a single pass; what is left over is served in the next one.
package enum LoopLimits {
    /// Kernel events taken per epoll_wait. Past this the kernel keeps the rest, so nothing is lost.
    static let eventsPerPass = 256
    /// Executor jobs and blocks run after one socket's turn, before the next socket's: what a turn begins is done by
    /// then, so that the line of jobs, which all sockets share, stays short whatever one of them sends.
    static let jobsPerTurn = 256
    /// The same at the end of a pass, for what other threads and timers sent.
    static let jobsPerPass = 1024
    /// Timers fired per pass.
    static let timersPerPass = 256
    /// Connections taken from one listener per pass: an accept storm must not starve the connections that exist.
    static let acceptsPerPass = 64
    /// Bytes read from one socket per pass before the next socket's turn.
    static let readBytesPerPass = 256 * 1024
    /// Plain bytes that a filter seals in one go, three TLS records, and for one socket per pass before it must wait
    /// for the next: sealing costs time that sending does not.
    static let sealedChunkBytes = 48 * 1024
    static let sealedBytesPerPass = 256 * 1024
    /// Sealed bytes that may wait for a peer that demands answers from a filter (to pings, so to speak) and reads none.
    static let filterAnswerBytesMax = 256 * 1024
    /// The loop's scratch buffer that every socket reads into, so that an idle connection owns none.
    package static let scratchBytes = 64 * 1024
    /// Write buffers kept for reuse, and the size past which one is freed instead: at most 4 MiB a loop.
    static let pooledBuffersMax = 64
    static let pooledBufferBytesMax = 64 * 1024
    /// How long a drained loop waits in epoll_wait before it gives its thread back to Dispatch. Within it a new event
    /// costs one wake-up of this thread instead of two hops through Dispatch's manager thread; beyond it an idle loop
    /// owns no thread.
    static let lingerMilliseconds: Int32 = 20
}
