// The bounds of the HTTP client. All are per loop or per exchange; none can be set, so that memory can be reckoned.

package enum HTTPClientLimits {
    /// Exchanges under way per loop. As many turns may run on one loop; beyond it a request fails at once.
    package static let transfersMax = 4096
    /// Connections per loop, over all hosts, with work and without, above which one without work is closed when an
    /// exchange ends. Far above what is usual under load: fewer would mean a TLS handshake for every request beyond
    /// them.
    static let pooledConnectionsMax = 1024
    /// Bytes of a response that wait for their reader; above this the transfer pauses. curl may hold 16 KiB more.
    package static let responseBytesHeldMax = 64 * 1024
    /// Bytes of a response's status line and headers.
    package static let responseHeaderBytesMax = 64 * 1024
    /// Bytes of a URL. Servers refuse longer ones.
    package static let urlBytesMax = 8 * 1024
    /// Bytes of a request's headers. Servers refuse more.
    package static let requestHeaderBytesMax = 32 * 1024
    /// Bytes of a request's body: a model's context with images in it.
    package static let requestBodyBytesMax = 32 * 1024 * 1024
    /// A resolved name is used this long before it is looked up again.
    static let addressLifetime = Duration.seconds(30)
    /// Names remembered per loop.
    static let addressesMax = 256
    /// Milliseconds without an acknowledgement after which the kernel gives a connection up.
    static let unacknowledgedMilliseconds: UInt32 = 60_000
    /// Seconds of silence before the kernel probes whether the server's machine is there, and between two probes.
    static let keepAliveSeconds = 30
    static let keepAliveProbeSeconds = 10
    /// Seconds after which an unused connection is not used again, below the minute that many servers wait.
    static let idleConnectionSeconds = 50
}
