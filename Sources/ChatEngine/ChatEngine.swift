// The facade of the engine: what the service's methods call, and what a Swift program calls that embeds the engine
// alone. It holds no state but the registries of running turns and holds, and is called from every loop.

/// Conversations with a language model: turns, sessions and locks, on ports for everything that does I/O.
///
/// Every method runs on its caller's actor and never leaves it, except where a port does.
public final class ChatEngine: Sendable {
    /// What the operator chose.
    public let configuration: EngineConfiguration
    let store: any SessionStore
    let locks: any LockManager
    let toolRouter: any ToolRouter
    let tools: [String: any Tool]
    let clock: any EngineClock
    let runningTurns: RunningTurns
    let heldTokens = HeldTokens()
    private let plainModel: any ChatModel
    private let streamModel: any ChatModel

    /// An engine on these ports.
    ///
    /// - Parameters:
    ///   - locks: those that `store` checks when a turn is appended.
    ///   - model: answers turns.
    ///   - streamModel: answers turns that stream; nil for `model`.
    public init(
        configuration: EngineConfiguration = EngineConfiguration(), store: any SessionStore, locks: any LockManager,
        model: any ChatModel, streamModel: (any ChatModel)? = nil, toolRouter: any ToolRouter = NoTools(),
        clock: any EngineClock
    ) {
        self.configuration = configuration
        self.store = store
        self.locks = locks
        self.plainModel = model
        self.streamModel = streamModel ?? model
        self.toolRouter = toolRouter
        self.tools = Dictionary(toolRouter.tools.map { ($0.definition.name, $0) }) { _, _ in
            preconditionFailure("two tools have the same name; give each a name of its own")
        }
        self.clock = clock
        self.runningTurns = RunningTurns(countMax: configuration.limits.runningTurnsMax)
    }

    // MARK: Turns

    /// Answers one question. A failed or cancelled turn stores nothing.
    ///
    /// - Parameters:
    ///   - cancel: cancels the task that this call runs in. Called at most once, from any thread and also from inside
    /// this
    ///     call, when somebody cancels the turn by its id, its session is deleted, its lock is lost, or a time limit
    /// passes;
    ///     never after the answer is on its way into the store or this call has returned.
    ///   - emit: gets the events in order, on the caller's actor. While it waits, nothing is read from the model. What
    /// it
    ///     throws ends the turn and is thrown again.
    /// - Returns: the answer, stored and with the session's lock released.
    /// - Throws: `EngineError`, or what `emit` threw.
    public func runTurn(
        _ request: TurnRequest, cancel: @escaping @Sendable () -> Void,
        emit: (TurnEvent) async throws -> Void
    ) async throws -> TurnReply {
        try await TurnRunner(engine: self, request: request, cancel: cancel).run(emit: emit)
    }

    /// Ends a running turn, from whichever connection or loop. All calls that run or await the turn end.
    ///
    /// - Parameter sessionID: the turn's session; nil for any.
    public func cancelTurn(owner: String, sessionID: String? = nil, turnID: String) -> CancelOutcome {
        runningTurns.cancel(owner: owner, sessionID: sessionID, turnID: turnID)
    }

    /// How many turns run or stand in line, for metrics and draining.
    public var runningTurnCount: Int { runningTurns.count }

    func model(streams: Bool) -> any ChatModel { streams ? streamModel : plainModel }
}

extension EngineClock {
    func microseconds(since start: ContinuousClock.Instant) -> Int64 { (now - start).microseconds }
}

extension Duration {
    /// Whole microseconds, rounded down, kept inside Int64.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
