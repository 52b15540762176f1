// The configuration as its parts want it: the RPC server's limits and the engine's.

internal import ChatEngine
internal import RPC

extension ServerConfiguration {
    var serverLimits: ServerLimits {
        var limits = ServerLimits()
        limits.connectionsMax = connections.countMax
        limits.callsPerConnectionMax = connections.callsMax
        limits.payloadBytesMax = connections.frameBytesMax
        limits.writeTimeout = connections.writeTimeout
        limits.idleTimeout = connections.idleTimeout ?? .zero
        limits.pingInterval = connections.pingInterval ?? .zero
        return limits
    }

    var engine: EngineConfiguration {
        var engine = EngineConfiguration()
        if let systemPrompt { engine.systemPrompt = systemPrompt }
        engine.memory = MemoryPolicy(
            messagesMax: sessions.historyMessagesMax ?? 0, tokensMax: sessions.historyTokensMax ?? 0)
        engine.sessionIdleLifetime = sessions.idleExpiry
        engine.lockTimeToLiveDefault = locks.ttlDefault
        engine.limits.lockTimeToLiveMax = locks.ttlMax
        return engine
    }
}

extension StoreAddress {
    /// The kind's name, for GetServerInfo.
    var kind: String {
        switch self {
        case .memory: "memory"
        case .sqlite: "sqlite"
        case .redis: "redis"
        }
    }
}
