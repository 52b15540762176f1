// What one server bears. Every queue, wait and count of the server side is named here.

internal import IOLoop
internal import Wire

/// Limits of a server; the defaults suit a service on two cores.
package struct ServerLimits: Sendable {
    /// Connections at a time. Past it a new one is closed at once: its client fails over.
    package var connectionsMax = 10_000
    /// Calls in flight on one connection. Past it a call is refused, not the connection.
    package var callsPerConnectionMax = 1000
    /// Bytes of the requests in flight on one connection, which their methods may keep as long as they run.
    package var callBytesPerConnectionMax = 8 << 20
    /// The largest request or reply frame, in bytes.
    package var payloadBytesMax = WireLimits.payloadBytesDefault
    /// Bytes of one stream that wait for its reader; above it the stream's method waits. A quarter of the connection's,
    /// so that one slow reader leaves room for its neighbours.
    package var streamQueueBytes = 64 * 1024
    /// Bytes of one connection that wait for its reader; above it nothing is read from it either.
    package var connectionQueueBytes = 256 * 1024
    /// Memory of the whole server, shared out evenly among its loops, for frames that are not whole and for output that
    /// is not read. As much as the in-memory store may take; above it the connections that have been stuck for longest
    /// are closed.
    package var heldBytesMax = 256 << 20
    /// PINGs, and frames that mean nothing, between two looks over a connection: a thousand a second is no client that
    /// asks whether the server lives. Past it the connection is closed.
    package var emptyFramesPerSweepMax = 1000
    /// How long a peer may read nothing while bytes wait for it.
    package var writeTimeout = Duration.seconds(30)
    /// How long a frame may take from its first to its last byte; a peer that trickles holds memory.
    package var frameTimeout = Duration.seconds(30)
    /// A connection without a call or a byte for this long is closed; zero never.
    package var idleTimeout = Duration.zero
    /// Where connections are at their limit, one without a call that was silent for so long makes room for a new one.
    /// More than our own clients' `pingInterval`, so that none of them is closed while it lives.
    package var silenceMakesRoom = Duration.seconds(30)
    /// How often a silent peer that knows PING is asked whether it lives; zero never.
    package var pingInterval = Duration.seconds(30)
    /// How long such a peer has to say anything.
    package var pingTimeout = Duration.seconds(20)
    /// How long a drained connection waits for its client to leave before it is closed, so that a request that crossed
    /// the DRAIN frame is answered NOT_PROCESSED and not lost.
    package var drainLinger = Duration.seconds(1)
    /// How often connections are looked over for the frame, idle, ping and drain times, which are exact to this much.
    package var sweepInterval = Duration.seconds(1)

    package init() {}

    var streamOptions: ByteStreamOptions {
        var options = ByteStreamOptions()
        options.highWaterBytes = connectionQueueBytes
        options.lowWaterBytes = connectionQueueBytes / 2
        options.writeTimeout = writeTimeout
        return options
    }
}
