// How a client behaves, and its limits.

package import IOLoop
internal import Wire

/// The options of an `RPCClient`. Every default is a bound that a busy backend does not meet.
package struct RPCClientOptions: Sendable {
    /// The longest wait for one address, name resolution included.
    package var connectTimeout = Duration.seconds(5)
    /// How often a connection is asked for a sign of life, where the server knows PING.
    package var pingInterval = Duration.seconds(20)
    /// A server that sends nothing for so long after a PING is dead. Only servers that have answered one are judged.
    package var pingTimeout = Duration.seconds(10)
    /// True to ask also while no call is in flight, so that the next call does not find a dead connection.
    package var pingsWhenIdle = true
    /// A connection is replaced at this age, so that calls spread over servers that were added; nil for never.
    package var connectionAgeMax: Duration? = .seconds(30 * 60)
    /// The age varies by this part up and down, so that clients that started together do not reconnect together.
    package var connectionAgeJitter = 0.1
    /// The largest frame body to accept and to send, in bytes. A larger reply fails its call alone.
    package var payloadBytesMax = WireLimits.payloadBytesMax
    /// How much of one stream may wait for its reader, in bytes, before the connection is read no further.
    package var streamBufferBytesMax = 256 * 1024
    /// How long a stream whose reader does not read may hold up the other calls of its connection before it fails.
    package var headOfLineTimeout = Duration.seconds(5)
    /// Calls in flight; more wait in line. Also the bound on buffers: so many streams at most.
    package var callsInFlightMax = 1024
    /// Calls that wait in line; more fail at once.
    package var callsQueuedMax = 4096
    /// The pause after a first failure; each further one doubles it.
    package var backOffMinimum = Duration.milliseconds(100)
    /// The longest pause between two rounds over the addresses.
    package var backOffMaximum = Duration.seconds(10)
    /// How often a call is tried in all, where trying again is safe.
    package var attemptsMax = 4
    /// A server that asks for a longer pause than this is not asked again; its error goes to the caller.
    package var retryAfterMax = Duration.seconds(30)
    /// The socket's limits; `writeTimeout` ends a connection whose server reads nothing.
    package var byteStream = ByteStreamOptions()
    /// What jitter is drawn from. A seeded generator makes a client's pauses repeatable.
    package var random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()

    /// A stream may overshoot `streamBufferBytesMax` by this factor while other calls wait for their replies.
    static let streamBufferHardFactor = 4
    /// What a buffered message counts beside its bytes, so that empty messages are bounded too.
    static let messageOverheadBytes = 64

    package init() {}

    func validate() {
        precondition(callsInFlightMax > 0 && callsQueuedMax >= 0, "a client needs room for at least one call")
        precondition(attemptsMax > 0, "a call is tried at least once")
        precondition(streamBufferBytesMax > 0, "a stream needs a buffer")
        precondition(
            .zero < backOffMinimum && backOffMinimum <= backOffMaximum,
            "the pauses grow from the minimum to the maximum")
        precondition((0..<1).contains(connectionAgeJitter), "the age's jitter is a part of the age")
        precondition(.zero < pingInterval && .zero < pingTimeout, "keep-alive needs spans of time")
    }
}
