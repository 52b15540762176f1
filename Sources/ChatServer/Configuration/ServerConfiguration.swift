// What chatd runs with, as values. ConfigurationLoader makes it once, before the first loop starts; nothing reads
// flags, variables or files after that.

package import Logging

/// The configuration of a server. Every duration and count is inside the range that its setting documents.
package struct ServerConfiguration: Sendable, Equatable {
    /// Where to accept calls; at least one. Port 0 picks a free port.
    package var listen: [ListenAddress]
    /// True when plain TCP may be served on addresses that are not loopback.
    package var allowsPlaintext: Bool
    package var store: StoreAddress
    /// How a Redis is used; of no use with another store.
    package var redis = RedisSettings()
    /// The model's specification, such as `openai:MODEL@BASE_URL`; LLMProviders reads it.
    package var model: String
    /// The specification of the model that answers streams; nil for the same one.
    package var streamModel: String?
    package var credentials: ModelCredentials
    /// What every prompt begins with; nil for the engine's own words, empty for none.
    package var systemPrompt: String?
    /// True when DiagnosticsService is served.
    package var servesDiagnostics: Bool
    package var connections = ConnectionLimits()
    package var sessions = SessionLimits()
    package var locks = LockLimits()
    /// Event loops, each with a thread of its own.
    package var loops: Int
    package var logLevel: Logger.Level
    package var logFormat: LogFormat

    /// Limits of connections and of the calls on them.
    package struct ConnectionLimits: Sendable, Equatable {
        /// Connections at a time, over all listeners.
        package var countMax = Settings.connectionsMax.defaultValue
        /// Calls at a time on one connection.
        package var callsMax = Settings.callsPerConnectionMax.defaultValue
        /// Bytes of a message in either direction.
        package var frameBytesMax = Settings.frameSizeMax.defaultValue
        /// A peer whose frame takes longer than this from its first to its last byte is closed.
        package var frameTimeout = Settings.frameTimeout.defaultValue
        /// A peer that takes nothing for this long is closed.
        package var writeTimeout = Settings.writeTimeout.defaultValue
        /// How long calls may still run after SIGTERM.
        package var drainGrace = Settings.drainGrace.defaultValue
        /// A connection without a call for this long is closed; nil for never.
        package var idleTimeout = Settings.idleTimeout.defaultValue
        /// Silence after which a peer is pinged; nil for never.
        package var pingInterval = Settings.pingInterval.defaultValue

        package init() {}
    }

    /// Limits of conversations.
    package struct SessionLimits: Sendable, Equatable {
        /// A session that is not used for this long vanishes; nil for never.
        package var idleExpiry = Settings.sessionIdleExpiry.defaultValue
        /// Messages of the past that a prompt holds; nil for all.
        package var historyMessagesMax = Settings.historyMessagesMax.defaultValue
        /// Estimated tokens of a whole prompt; nil for no limit.
        package var historyTokensMax = Settings.historyTokensMax.defaultValue

        package init() {}
    }

    /// What the URL of a Redis does not say.
    package struct RedisSettings: Sendable, Equatable {
        /// Begins every key.
        package var cacheKey = Settings.cacheKey.defaultValue
        /// True where a turn's caller is answered when a replica has the turn.
        package var waitsForReplica = false
        /// Of authorities; nil for the system's.
        package var authoritiesFile: String?
        package var certificateFile: String?
        package var keyFile: String?

        package init() {}
    }

    /// Limits of leases.
    package struct LockLimits: Sendable, Equatable {
        /// How long a lease lives that does not say.
        package var ttlDefault = Settings.lockTTL.defaultValue
        /// The longest that a lease may ask for.
        package var ttlMax = Settings.lockTTLMax.defaultValue

        package init() {}
    }

    /// A server on a loopback address that keeps everything in memory, with all else at its default: for tests, and for
    /// programs that embed one.
    ///
    /// - Parameter model: a model specification.
    package init(model: String) {
        listen = Settings.listen.defaultValue
        allowsPlaintext = Settings.allowPlaintext.defaultValue
        store = .memory
        self.model = model
        credentials = ModelCredentials()
        servesDiagnostics = Settings.diagnostics.defaultValue
        loops = Settings.loops.defaultValue
        logLevel = Settings.logLevel.defaultValue
        logFormat = Settings.logFormat.defaultValue
    }
}

/// How log lines are written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// Text where standard error is a terminal, JSON elsewhere.
    case auto
    case text
    case json
}
