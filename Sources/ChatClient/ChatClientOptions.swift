// How a client and its calls behave.

internal import RPC

/// The options of a ``ChatClient``.
public struct ChatClientOptions: Sendable {
    /// The longest wait for one address, name resolution included.
    public var connectTimeout = Duration.seconds(5)
    /// The time limit of calls that do not ask a model, unless ``ChatCallOptions/timeout`` says otherwise. Covers
    /// connecting, waiting, sending and the answer, and every retry.
    public var callTimeout = Duration.seconds(15)
    /// The time limit of a whole answer, streamed or not, unless ``ChatCallOptions/timeout`` says otherwise.
    public var chatTimeout = Duration.seconds(10 * 60)
    /// Sent with every call, for example an `authorization`. Keys in lower case.
    public var metadata: [String: String] = [:]
    /// How often a call is tried in all, where trying again is safe. Calls of this library are, unless they say
    /// otherwise.
    public var attemptsMax = 4
    /// The pause before the second attempt; each further one doubles it. The actual one varies, so that clients that
    /// failed together do not come back together.
    public var backOffMinimum = Duration.milliseconds(100)
    /// The longest pause between attempts to connect.
    public var backOffMaximum = Duration.seconds(10)
    /// Calls in flight at a time; more wait in line.
    public var callsInFlightMax = 1024
    /// How often a silent connection is asked for a sign of life.
    public var pingInterval = Duration.seconds(20)
    /// A server that stays silent for so long after that is taken for dead.
    public var pingTimeout = Duration.seconds(10)
    /// A connection is replaced at this age, give or take a tenth, so that calls reach servers that were added; nil for
    /// never.
    public var connectionAgeMax: Duration? = .seconds(30 * 60)
    /// How much of one stream may wait for its reader, in bytes. Above it the connection is read no further, and the
    /// server and the model behind it wait, unless other calls of this client would wait too: then the stream may take
    /// four times as much, and fails when its reader holds up the others for more than five seconds.
    public var streamBufferBytesMax = 256 * 1024

    /// The defaults.
    public init() {}

    var rpc: RPCClientOptions {
        var options = RPCClientOptions()
        options.connectTimeout = connectTimeout
        options.attemptsMax = attemptsMax
        options.backOffMinimum = backOffMinimum
        options.backOffMaximum = backOffMaximum
        options.callsInFlightMax = callsInFlightMax
        options.pingInterval = pingInterval
        options.pingTimeout = pingTimeout
        options.connectionAgeMax = connectionAgeMax
        options.streamBufferBytesMax = streamBufferBytesMax
        return options
    }
}

/// What one call has of its own.
public struct ChatCallOptions: Sendable {
    /// The call's time limit; nil for the client's ``ChatClientOptions/callTimeout`` or
    /// ``ChatClientOptions/chatTimeout``.
    public var timeout: Duration?
    /// Sent with the call beside the client's own metadata, for example a `traceparent`. Keys in lower case.
    public var metadata: [String: String]

    /// Options with the client's time limit.
    public init(timeout: Duration? = nil, metadata: [String: String] = [:]) {
        self.timeout = timeout
        self.metadata = metadata
    }
}
