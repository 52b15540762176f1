// Performs the actions of one turn on its call's actor, and reports to the machine what came of them. Decides nothing
// but this: a turn that was ended from outside is reported as interrupted, whatever its last action brought.

/// One turn's run, in the hands of `ChatEngine.runTurn` alone. A class, so that the frames of its steps hold one
/// reference: a turn may wait for its model for minutes, and beside thousands of others.
final class TurnRunner {
    private let engine: ChatEngine
    private let request: TurnRequest
    private let cancel: @Sendable () -> Void
    private let receivedAt: ContinuousClock.Instant
    private let deadline: ContinuousClock.Instant
    private var machine: TurnMachine

    // Filled in by the steps, in this order.
    private var valid: ValidTurn?
    private var running: RunningTurn?
    private var deadlineTimer: (any EngineTimer)?
    private var lockToken: LockToken?
    private var keeper: (any LeaseKeeper)?
    private var window = HistoryWindow(session: nil, messages: [])
    private var toolCalls: [ToolCall] = []
    private var toolRuns: [ToolRun] = []
    private var text = ""
    /// `started` went out: it is sent once, also where a stored answer follows after all.
    private var isAnnounced = false
    private var completion: ModelCompletion?
    private var timing = TurnTiming()
    /// What the caller's `emit` threw: it gets its own error back.
    private var emitError: (any Error)?

    init(engine: ChatEngine, request: TurnRequest, cancel: @escaping @Sendable () -> Void) {
        self.engine = engine
        self.request = request
        self.cancel = cancel
        let now = engine.clock.now
        receivedAt = request.receivedAt ?? now
        let latest = receivedAt + engine.configuration.turnTimeLimit
        deadline = request.deadline.map { min($0, latest) } ?? latest
        timing.queueMicroseconds = (now - receivedAt).microseconds
        machine = TurnMachine(streams: request.streams)
    }

    /// Runs the turn to its end.
    func run(emit: (TurnEvent) async throws -> Void) async throws -> TurnReply {
        var action = machine.begin()
        while true {
            if case .finish(let outcome) = action {
                cleanUp()
                return try reply(for: outcome)
            }
            let input = await perform(action, emit: emit)
            action = machine.next(input)
        }
    }

    // MARK: Performing

    private func perform(
        _ action: TurnMachine.Action, emit: (TurnEvent) async throws -> Void
    ) async -> TurnMachine.Input {
        switch action {
        case .append: return await append()
        case .releaseLock: return await releaseLock()
        default: break
        }
        if let interruption { return .interrupted(interruption) }
        let input: TurnMachine.Input
        do {
            input = try await performCancellable(action, emit: emit)
        } catch {
            input = failure(error)
        }
        if let interruption {
            emitError = nil
            return .interrupted(interruption)
        }
        return input
    }

    private func performCancellable(
        _ action: TurnMachine.Action, emit: (TurnEvent) async throws -> Void
    ) async throws -> TurnMachine.Input {
        switch action {
        case .validate: return try validate()
        case .openTurn: return try await openTurn()
        case .findTurnUnderLock: return try await findTurn()
        case .acquireLock: return try await acquireLock()
        case .announce: return try await announce(emit)
        case .loadWindow: return try await loadWindow()
        case .routeTools: return try await routeTools()
        case .runTools: return try await runTools(emit)
        case .askModel: return try await askModel(emit)
        case .seal: return seal()
        case .emitReplay(let stored): return try await emitReplay(stored, emit)
        case .append, .releaseLock, .finish: preconditionFailure("\(action) is not performed here")
        }
    }

    /// Why the turn must end, if it must.
    private var interruption: Interruption? {
        if let interruption = running?.interruption { return interruption }
        guard Task.isCancelled else { return nil }
        return engine.clock.now >= deadline ? .deadlinePassed : .callCancelled
    }

    private func failure(_ error: any Error) -> TurnMachine.Input {
        switch error {
        case let error as EngineError: .failed(error)
        case let error as ModelError: .failed(.model(error))
        case is CancellationError: .interrupted(.callCancelled)
        // Errors of unknown types may hold anything, so their words go nowhere.
        default:
            .failed(
                EngineError(
                    .internalError, reason: "INTERNAL",
                    "a part of the service failed with \(type(of: error)); the turn was not stored"))
        }
    }

    // MARK: 1. Validate

    private func validate() throws -> TurnMachine.Input {
        let valid = try ValidTurn(request, configuration: engine.configuration)
        let running = RunningTurn(
            owner: valid.owner, sessionID: valid.sessionID, turnID: valid.turnID, cancel: cancel)
        try engine.runningTurns.add(running)
        self.valid = valid
        self.running = running
        deadlineTimer = engine.clock.schedule(at: deadline) { running.interrupt(.deadlinePassed) }
        return .validated(valid.hash)
    }

    private func announce(_ emit: (TurnEvent) async throws -> Void) async throws -> TurnMachine.Input {
        let valid = validTurn
        let model = valid.model ?? engine.model(streams: request.streams).name
        isAnnounced = true
        try await send(
            .started(
                TurnStarted(sessionID: valid.sessionID, turnID: valid.turnID, model: model, replayed: false)), emit)
        return .done
    }

    // MARK: 2. and 4. Look the turn up

    private func openTurn() async throws -> TurnMachine.Input {
        let valid = validTurn
        let start = engine.clock.now
        let token = LockToken.random()
        let opened: TurnOpened
        do {
            // Until the outcome is known the lock may be held.
            lockToken = token
            opened = try await engine.store.openTurn(
                TurnOpening(
                    owner: valid.owner, sessionID: valid.sessionID, turnID: valid.turnID,
                    lock: lockRequest(token, waitDeadline: nil), window: engine.configuration.memory.loadLimit,
                    idleLifetime: loadedIdleLifetime))
        } catch let error as EngineError where error.kind == .unavailable || error.kind == .resourceExhausted {
            lockToken = nil
            throw error
        }
        timing.storeMicroseconds += engine.clock.microseconds(since: start)
        switch opened {
        case .stored(let stored):
            lockToken = nil
            return .turn(stored)
        case .notLocked:
            lockToken = nil
            return .turn(nil)
        case .opened(let lease, let window):
            keep(lease)
            self.window = window
            return .opened
        }
    }

    private func findTurn() async throws -> TurnMachine.Input {
        let valid = validTurn
        let start = engine.clock.now
        let stored = try await engine.store.findTurn(
            owner: valid.owner, sessionID: valid.sessionID, turnID: valid.turnID)
        timing.storeMicroseconds += engine.clock.microseconds(since: start)
        return .turn(stored)
    }

    // MARK: 3. Lock the session

    private func acquireLock() async throws -> TurnMachine.Input {
        let valid = validTurn
        let start = engine.clock.now
        let token = LockToken.random()
        lockToken = token
        let lease = try await engine.locks.acquire(
            lockRequest(token, waitDeadline: valid.lockWait.map { min(start + $0, deadline) }))
        timing.lockMicroseconds = engine.clock.microseconds(since: start)
        keep(lease)
        return .done
    }

    private func lockRequest(_ token: LockToken, waitDeadline: ContinuousClock.Instant?) -> LockRequest {
        LockRequest(
            key: validTurn.lockKey, token: token, timeToLive: engine.configuration.sessionLockTimeToLive,
            waitDeadline: waitDeadline, ownerLabel: validTurn.turnID)
    }

    private func keep(_ lease: LockLease) {
        guard let running else { return }
        keeper = engine.locks.keepAlive(lease) { event in
            if case .lost(let loss) = event { running.interrupt(.lockLost(loss)) }
        }
    }

    // MARK: 5. Load the window

    private func loadWindow() async throws -> TurnMachine.Input {
        let valid = validTurn
        let start = engine.clock.now
        window = try await engine.store.loadWindow(
            owner: valid.owner, sessionID: valid.sessionID, limit: engine.configuration.memory.loadLimit,
            idleLifetime: loadedIdleLifetime)
        timing.storeMicroseconds += engine.clock.microseconds(since: start)
        return .done
    }

    /// At least as long as the turn may run, so that the session does not expire under it.
    private var loadedIdleLifetime: Duration? {
        engine.configuration.sessionIdleLifetime.map { max($0, engine.configuration.turnTimeLimit) }
    }

    // MARK: 6. Tools

    private func routeTools() async throws -> TurnMachine.Input {
        let calls = try await engine.toolRouter.route(validTurn.message)
        toolCalls = Array(calls.prefix(engine.configuration.limits.toolRunsMax))
        return .routed(calls: toolCalls.count)
    }

    private func runTools(_ emit: (TurnEvent) async throws -> Void) async throws -> TurnMachine.Input {
        for call in toolCalls {
            try await send(.toolStarted(call), emit)
            let run = try await runTool(call)
            toolRuns.append(run)
            try await send(.toolFinished(run), emit)
            // The rest would only be thrown away.
            if let interruption { return .interrupted(interruption) }
        }
        return .done
    }

    /// A tool that fails tells the model so; only one that does not stop at its time limit ends the turn.
    private func runTool(_ call: ToolCall) async throws -> ToolRun {
        let start = engine.clock.now
        let toolDeadline = min(start + engine.configuration.toolTimeLimit, deadline)
        let running = running
        let watchdog = engine.clock.schedule(at: toolDeadline + engine.configuration.toolGrace) {
            running?.interrupt(.toolOverran(call.name))
        }
        defer { watchdog.cancel() }
        var status = ToolStatus.succeeded
        var output = ""
        var errorMessage = ""
        do {
            guard let tool = engine.tools[call.name] else { throw ToolError("there is no such tool") }
            output = try await tool.run(call, deadline: toolDeadline)
        } catch let error as ToolError {
            errorMessage = error.message
            status = error.timedOut ? .timedOut : .failed
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // Errors of unknown types may hold anything, so their words go nowhere.
            errorMessage = "it failed for a reason that it did not tell"
            status = .failed
        }
        if status != .succeeded { output = "\(call.name): \(errorMessage)" }
        let outputBytesMax = engine.configuration.limits.toolOutputBytesMax
        return ToolRun(
            id: call.id, name: call.name, arguments: call.arguments,
            output: TextCut.cut(output, bytesMax: outputBytesMax),
            outputTruncated: output.utf8.count > outputBytesMax,
            errorMessage: TextCut.cut(errorMessage, bytesMax: outputBytesMax), status: status,
            durationMicroseconds: engine.clock.microseconds(since: start))
    }

    // MARK: 7. The model

    private func askModel(_ emit: (TurnEvent) async throws -> Void) async throws -> TurnMachine.Input {
        completion = try await engine.model(streams: request.streams).answer(takeModelRequest()) { event in
            switch event {
            case .text(let piece):
                if piece.isEmpty { return }
                try takeText(piece)
                try await send(.text(piece), emit)
            case .reasoning(let piece):
                if !piece.isEmpty { try await send(.reasoning(piece), emit) }
            }
        }
        return .answered(textEmitted: !text.isEmpty)
    }

    /// What the model is asked. Uses the history up.
    private func takeModelRequest() -> ModelRequest {
        let valid = validTurn
        let prompt = Prompt.messages(
            systemPrompt: valid.systemPrompt, history: window.messages, question: valid.message,
            toolOutputs: toolRuns.map(\.output), policy: engine.configuration.memory)
        // The answer may take minutes, and its prompt can be asked for no more.
        window.messages = []
        var modelRequest = ModelRequest(
            messages: prompt, model: valid.model, temperature: valid.temperature,
            outputTokensMax: valid.outputTokensMax, streams: request.streams, deadline: deadline)
        modelRequest.userID = valid.userID.isEmpty ? nil : valid.userID
        return modelRequest
    }

    private func takeText(_ piece: String) throws(EngineError) {
        if text.isEmpty { timing.firstTokenMicroseconds = engine.clock.microseconds(since: receivedAt) }
        let limit = engine.configuration.limits.answerBytesMax
        guard text.utf8.count + piece.utf8.count <= limit else {
            throw .limitReached(
                "answerBytesMax", limit,
                "the answer is longer than \(limit) bytes, the limit answerBytesMax; ask for fewer output tokens")
        }
        text += piece
    }

    // MARK: 8. Store

    private func seal() -> TurnMachine.Input {
        guard let running else { preconditionFailure("a turn is known to others before it is stored") }
        if running.seal() { return .done }
        return .interrupted(running.interruption ?? .callCancelled)
    }

    private func append() async -> TurnMachine.Input {
        guard let completion, let lockToken else {
            preconditionFailure("a turn is stored after its model answered under its lock")
        }
        let valid = validTurn
        let start = engine.clock.now
        let wall = engine.clock.wallMicroseconds
        let stored = StoredTurn(
            id: valid.turnID, requestHash: valid.hash, text: text, model: completion.model,
            finishReason: completion.finishReason, usage: completion.usage, toolRuns: toolRuns,
            finishedAtMicroseconds: wall)
        let messages = [
            StoredMessage(role: .user, text: valid.message, turnID: valid.turnID, createdAtMicroseconds: wall),
            StoredMessage(
                role: .assistant, text: text, turnID: valid.turnID, createdAtMicroseconds: wall,
                model: completion.model),
        ]
        let append = TurnAppend(
            owner: valid.owner, sessionID: valid.sessionID, userID: valid.userID,
            title: window.session == nil ? Title.firstWords(of: valid.message) : "", lockKey: valid.lockKey,
            lockToken: lockToken, generation: window.session?.generation, messages: messages, turn: stored,
            idleLifetime: engine.configuration.sessionIdleLifetime)
        defer { timing.storeMicroseconds += engine.clock.microseconds(since: start) }
        do {
            let outcome = try await engine.store.append(append)
            if case .appended(_, let reached) = outcome {
                timing.durability = reached
                if engine.store.releasesLockOnAppend { self.lockToken = nil }
            }
            return .appendOutcome(outcome)
        } catch let error as EngineError {
            return .failed(error)
        } catch {
            // A store that breaks its contract may have stored the turn.
            return .failed(.outcomeUnknown("the turn"))
        }
    }

    // MARK: 9. Release

    private func releaseLock() async -> TurnMachine.Input {
        keeper?.stop()
        keeper = nil
        guard let lockToken else { return .done }
        // A lock that cannot be released expires by itself, so a failure here changes nothing for the caller.
        _ = try? await engine.locks.release(validTurn.lockKey, token: lockToken)
        self.lockToken = nil
        return .done
    }

    private func emitReplay(
        _ stored: StoredTurn, _ emit: (TurnEvent) async throws -> Void
    ) async throws -> TurnMachine.Input {
        // What is stored cannot be cancelled by its id any more.
        guard case .done = seal() else { return .interrupted(running?.interruption ?? .callCancelled) }
        let valid = validTurn
        if !isAnnounced {
            try await send(
                .started(
                    TurnStarted(
                        sessionID: valid.sessionID, turnID: valid.turnID, model: stored.model, replayed: true)), emit)
        }
        timing.firstTokenMicroseconds = engine.clock.microseconds(since: receivedAt)
        if !stored.text.isEmpty { try await send(.text(stored.text), emit) }
        return .done
    }

    // MARK: The end

    private func cleanUp() {
        precondition(keeper == nil, "a turn gives its lock back before it ends")
        deadlineTimer?.cancel()
        if let running {
            // Unknown to others first: a sealed turn that they find is one that was stored.
            engine.runningTurns.remove(running)
            _ = running.seal()
        }
    }

    private func reply(for outcome: TurnOutcome) throws -> TurnReply {
        timing.totalMicroseconds = engine.clock.microseconds(since: receivedAt)
        switch outcome {
        case .completed:
            guard let completion else { preconditionFailure("a turn is completed by a model's answer") }
            return makeReply(
                text: text, model: completion.model, finishReason: completion.finishReason, usage: completion.usage,
                toolRuns: toolRuns, replayed: false)
        case .replayed(let stored):
            return makeReply(
                text: stored.text, model: stored.model, finishReason: stored.finishReason, usage: stored.usage,
                toolRuns: stored.toolRuns, replayed: true)
        case .failed(let error):
            throw emitError ?? error
        }
    }

    private func makeReply(
        text: String, model: String, finishReason: FinishReason, usage: TokenUsage, toolRuns: [ToolRun],
        replayed: Bool
    ) -> TurnReply {
        TurnReply(
            text: text, sessionID: validTurn.sessionID, turnID: validTurn.turnID, model: model,
            finishReason: finishReason, usage: usage, toolRuns: toolRuns, timing: timing, replayed: replayed)
    }

    private var validTurn: ValidTurn {
        guard let valid else { preconditionFailure("a turn is valid before anything else happens") }
        return valid
    }

    /// Emits, and keeps the caller's own error apart from the model's.
    private func send(
        _ event: TurnEvent, _ emit: (TurnEvent) async throws -> Void
    ) async throws {
        do {
            try await emit(event)
        } catch {
            if !(error is CancellationError) { emitError = error }
            throw error
        }
    }
}
