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
    /// How long a peer may read nothing while bytes wait for it.
    package var writeTimeout = Duration.seconds(30)
    /// How long a frame may take from its first to its last byte; a peer that trickles holds memory.
    package var frameTimeout = Duration.seconds(30)
    /// A connection without a call or a byte for this long is closed; zero never.
    package var idleTimeout = Duration.zero
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
