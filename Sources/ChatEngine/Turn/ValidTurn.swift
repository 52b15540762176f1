// Step 1 of a turn: a request becomes one that follows the rules, with all ids known. Pure.

/// A request whose every field was checked, with the ids it goes by and its hash.
struct ValidTurn: Sendable {
    let owner: String
    let message: String
    let sessionID: String
    let userID: String
    let turnID: String
    let systemPrompt: String
    let model: String?
    let temperature: Double?
    let outputTokensMax: Int?
    /// Nil to be refused when the session is busy.
    let lockWait: Duration?
    let hash: RequestHash

    var lockKey: LockKey { LockKey(.session, owner: owner, name: sessionID) }

    /// - Throws: `EngineError` of kind `invalidArgument`.
    init(_ request: TurnRequest, configuration: EngineConfiguration) throws(EngineError) {
        let limits = configuration.limits
        let rules = IdentifierRules(limits: limits)
        if let id = request.sessionID { try rules.checkSessionID(id) }
        if let id = request.turnID { try rules.checkTurnID(id) }
        try rules.checkUserID(request.userID)
        try Self.checkMessage(request.message, limits)
        if let prompt = request.systemPrompt { try Self.checkSystemPrompt(prompt, limits) }
        if let model = request.model { try rules.checkModelName(model) }
        try Self.checkSampling(request, limits)

        owner = request.owner
        message = request.message
        userID = request.userID
        turnID = request.turnID ?? Identifier.random()
        sessionID =
            request.sessionID
            ?? request.turnID.map { Identifier.sessionID(owner: request.owner, turnID: $0) }
            ?? Identifier.random()
        systemPrompt = request.systemPrompt ?? configuration.systemPrompt
        model = request.model
        temperature = request.temperature
        outputTokensMax = request.outputTokensMax
        lockWait =
            switch request.whenBusy {
            case .refuse: nil
            case .wait(let wait):
                min(wait ?? configuration.sessionLockWaitMax, configuration.sessionLockWaitMax)
            }
        hash = Self.hash(of: request, sessionID: sessionID)
    }

    private static func checkMessage(_ message: String, _ limits: EngineLimits) throws(EngineError) {
        let count = message.utf8.count
        guard count <= limits.messageBytesMax else {
            throw .invalidArgument(
                "MESSAGE_TOO_LONG",
                "the message has \(count) bytes, the limit messageBytesMax is \(limits.messageBytesMax)")
        }
        if message.allSatisfy(\.isWhitespace) {
            throw .invalidArgument("MESSAGE_EMPTY", "the message is empty or white space; write something")
        }
    }

    private static func checkSystemPrompt(_ prompt: String, _ limits: EngineLimits) throws(EngineError) {
        let count = prompt.utf8.count
        guard count <= limits.messageBytesMax else {
            throw .invalidArgument(
                "SYSTEM_PROMPT_TOO_LONG",
                "the system prompt has \(count) bytes, the limit messageBytesMax is \(limits.messageBytesMax)")
        }
    }

    private static func checkSampling(_ request: TurnRequest, _ limits: EngineLimits) throws(EngineError) {
        if let temperature = request.temperature, !(0...2).contains(temperature) {
            throw .invalidArgument("TEMPERATURE", "the temperature must be from 0 to 2")
        }
        if let count = request.outputTokensMax, !(1...limits.outputTokensMax).contains(count) {
            throw .invalidArgument(
                "OUTPUT_TOKENS", "the most output tokens must be from 1 to \(limits.outputTokensMax)")
        }
        if case .wait(let wait?) = request.whenBusy, wait < .zero {
            throw .invalidArgument("BUSY_WAIT", "the time to wait for a busy session is negative; use refuse instead")
        }
    }

    /// Of all that decides the answer. How it is delivered (streamed or not, waiting or not) may change in a retry.
    private static func hash(of request: TurnRequest, sessionID: String) -> RequestHash {
        var hash = SHA256()
        hash.updateField("turn request 1")
        hash.updateField(sessionID)
        hash.updateField(request.userID)
        hash.updateField(request.message)
        hash.updateOptional(request.systemPrompt)
        hash.updateOptional(request.model)
        hash.updateOptional(request.temperature.map { String($0.bitPattern) })
        hash.updateOptional(request.outputTokensMax.map { String($0) })
        let words = hash.finalize()
        return RequestHash(
            high: UInt64(words[0]) << 32 | UInt64(words[1]), low: UInt64(words[2]) << 32 | UInt64(words[3]))
    }
}

extension SHA256 {
    /// Adds a text that may be missing, which differs from an empty one.
    fileprivate mutating func updateOptional(_ text: String?) {
        updateField(text == nil ? 0 : 1)
        if let text { updateField(text) }
    }
}
