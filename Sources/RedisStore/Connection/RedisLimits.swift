// The bounds of the Redis client. Each is a constant with its unit and its reason.

/// Limits of the Redis client.
package enum RedisLimits {
    /// Commands on one connection that wait for their answers: at 10 us each, the last waits 80 ms. Past it a call is
    /// refused, so that a slow Redis does not collect memory here.
    static let pipelineCommandsMax = 8192
    /// Bytes on one connection that Redis has not taken yet, with one command beyond.
    static let pipelineBytesMax = 32 << 20
    /// Of one reply: a page of messages whose texts are as long as they may be, several times over.
    static let replyBytesMax = 256 << 20
    /// A command that is not answered for this long is taken for lost, and with it the connection: longer than a fork
    /// or a slow disk holds up a healthy Redis.
    static let commandTimeLimit = Duration.seconds(2)
    /// For resolving and connecting together, and for each command of the handshake.
    static let connectTimeLimit = Duration.seconds(1)
    /// For one sentinel's answer: others stand behind it.
    static let sentinelTimeLimit = Duration.milliseconds(300)
    /// How often a connection asks the server whether it is still what it was: so that a hung or a demoted one is
    /// noticed although nobody calls.
    static let heartbeatInterval = Duration.seconds(1)
    /// How long a call waits for a connection that is being made: a reconnect on a healthy network takes a tenth of it.
    static let readyWaitMax = Duration.milliseconds(80)
    /// Between attempts to connect: doubled from the first to the second, with jitter.
    static let backOffMin = Duration.milliseconds(50)
    static let backOffMax = Duration.seconds(1)
    /// Addresses that one name or one list may have.
    static let addressesMax = 16
}
