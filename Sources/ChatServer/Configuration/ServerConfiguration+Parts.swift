// The configuration as its parts want it: the RPC server's limits and the engine's.

internal import ChatEngine
internal import RPC

extension ServerConfiguration {
    var serverLimits: ServerLimits {
        var limits = ServerLimits()
        limits.connectionsMax = connections.countMax
        limits.callsPerConnectionMax = connections.callsMax
        limits.payloadBytesMax = connections.frameBytesMax
        limits.frameTimeout = connections.frameTimeout
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
        engine.limits.fit(frameBytesMax: connections.frameBytesMax)
        return engine
    }
}

extension EngineLimits {
    /// Lowers the limits of texts so that whatever is stored fits a frame: an answer that was paid and stored can be
    /// delivered, with its tool runs and everything around it, and each message can be listed.
    fileprivate mutating func fit(frameBytesMax: Int) {
        let room = frameBytesMax / 2
        messageBytesMax = min(messageBytesMax, room)
        answerBytesMax = min(answerBytesMax, room)
        pageBytesMax = min(pageBytesMax, room)
        // Eight runs, each with an output and an error text, take half of the room at most.
        toolOutputBytesMax = min(toolOutputBytesMax, room / 32)
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
