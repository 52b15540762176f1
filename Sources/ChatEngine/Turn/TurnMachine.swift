// A turn's decisions from beginning to end, in the order in which they happen. Pure: the runner performs the actions
// and reports what came of them. Read `next` from top to bottom.

/// Why a turn ends before its time.
enum Interruption: Sendable, Equatable {
    /// The call's task was cancelled: by its caller, its deadline, or its lost connection.
    case callCancelled
    /// Somebody cancelled the turn by its id.
    case turnCancelled
    case lockLost(LockLoss)
    case sessionDeleted
    case deadlinePassed
    case toolOverran(String)
}

/// How a turn ends. Large values are indirect, here and below: a turn that waits for its model keeps room for each.
enum TurnOutcome: Sendable, Equatable {
    /// This turn's answer was stored.
    case completed
    /// A stored answer to the same request.
    indirect case replayed(StoredTurn)
    indirect case failed(EngineError)
}

/// The state machine of one turn.
struct TurnMachine {
    enum Action: Equatable {
        case validate
        /// Looks the turn up; where the store can, locks the session and loads the window in the same step.
        case openTurn
        case acquireLock
        case findTurnUnderLock
        case announce
        case loadWindow
        case routeTools
        case runTools
        case askModel
        /// The last chance to cancel.
        case seal
        /// Sent once, and not cancelled any more.
        case append
        case releaseLock
        indirect case emitReplay(StoredTurn)
        /// The last action.
        case finish(TurnOutcome)
    }

    enum Input: Equatable {
        /// The action is done and has nothing to decide upon.
        case done
        /// The request is valid; its hash decides whether a stored turn is a retry's.
        case validated(RequestHash)
        indirect case turn(StoredTurn?)
        /// The session is locked, and its window loaded.
        case opened
        case routed(calls: Int)
        case answered(textEmitted: Bool)
        indirect case appendOutcome(AppendOutcome)
        indirect case failed(EngineError)
        case interrupted(Interruption)
    }

    /// What the machine waits for.
    private enum Step: Equatable {
        case beginning
        case validating
        case openingTurn
        case acquiringLock
        case findingTurnUnderLock
        case announcing(isLoaded: Bool)
        case loadingWindow
        case routingTools
        case runningTools
        case askingModel
        case sealing
        case appending
        case releasingLock(TurnOutcome)
        indirect case emittingReplay(StoredTurn)
        case finished
    }

    private var step = Step.beginning
    private var requestHash = RequestHash(high: 0, low: 0)
    private let streams: Bool
    private var textEmitted = false

    init(streams: Bool) { self.streams = streams }

    /// The first action.
    mutating func begin() -> Action {
        precondition(step == .beginning, "a turn begins once")
        return go(.validating, .validate)
    }

    /// What to do after the last action came to this. Called once per action, until `finish`.
    mutating func next(_ input: Input) -> Action {
        switch (step, input) {
        // 1. Validate.
        case (.validating, .validated(let hash)):
            requestHash = hash
            return go(.openingTurn, .openTurn)

        // 2. Was this turn answered before?
        case (.openingTurn, .turn), (.openingTurn, .opened):
            return afterOpening(input)
        case (.openingTurn, .failed(let error)) where Self.isRefusal(error):
            return finish(.failed(error))

        // 3. One turn of a session at a time.
        case (.acquiringLock, .done):
            return go(.findingTurnUnderLock, .findTurnUnderLock)
        case (.acquiringLock, .failed(let error)) where Self.isRefusal(error):
            return finish(.failed(Self.busy(error)))

        // 4. While this turn stood in line, another with its id may have been answered.
        case (.findingTurnUnderLock, .turn(let stored?)):
            return answer(from: stored)
        case (.findingTurnUnderLock, .turn(nil)):
            return go(.announcing(isLoaded: false), .announce)
        case (.announcing(let isLoaded), .done):
            return isLoaded ? go(.routingTools, .routeTools) : go(.loadingWindow, .loadWindow)

        // 5. History, as much as the window needs.
        case (.loadingWindow, .done):
            return go(.routingTools, .routeTools)

        // 6. Tools run before the model.
        case (.routingTools, .routed(let calls)):
            return calls > 0 ? go(.runningTools, .runTools) : go(.askingModel, .askModel)
        case (.runningTools, .done):
            return go(.askingModel, .askModel)

        // 7. The model. (A model that asks for tools itself will go back to runningTools from here.)
        case (.askingModel, .answered(let textEmitted)):
            self.textEmitted = textEmitted
            return go(.sealing, .seal)

        // 8. Store the turn: the store checks the turn id, the lock and the session in the same operation.
        case (.sealing, .done):
            return go(.appending, .append)
        case (.appending, .appendOutcome(let outcome)):
            return end(after: outcome)
        case (.appending, .interrupted):
            preconditionFailure("an append that was sent is not cancelled: wait for its answer")

        // 9. Release, and only then say how it ended. A lock that cannot be released expires by itself.
        case (.releasingLock(.replayed(let stored)), _):
            return go(.emittingReplay(stored), .emitReplay(stored))
        case (.releasingLock(let outcome), _):
            return finish(outcome)
        case (.emittingReplay(let stored), .done):
            return finish(.replayed(stored))
        case (.emittingReplay, .interrupted(let interruption)):
            return finish(.failed(Self.error(for: interruption, isStored: true)))

        // Anywhere before the append: a failure or a cancellation ends the turn, and nothing was stored.
        case (_, .failed(let error)):
            return end(.failed(error))
        case (_, .interrupted(let interruption)):
            return end(.failed(Self.error(for: interruption)))
        default:
            preconditionFailure("a turn that is \(step) cannot take \(input)")
        }
    }

    // MARK: Ways to go on

    private mutating func go(_ step: Step, _ action: Action) -> Action {
        self.step = step
        return action
    }

    private mutating func finish(_ outcome: TurnOutcome) -> Action { go(.finished, .finish(outcome)) }

    /// Ends the turn, after giving back the lock where it is or may be held.
    private mutating func end(_ outcome: TurnOutcome) -> Action {
        switch step {
        case .beginning, .validating, .emittingReplay, .finished:
            if case .replayed(let stored) = outcome { return go(.emittingReplay(stored), .emitReplay(stored)) }
            return finish(outcome)
        case .openingTurn, .acquiringLock, .findingTurnUnderLock, .announcing, .loadingWindow, .routingTools,
            .runningTools, .askingModel, .sealing, .appending, .releasingLock:
            // A lock whose acquisition was cut off may be held: releasing its token settles that.
            return go(.releasingLock(outcome), .releaseLock)
        }
    }

    /// Steps 3 to 5 are to come, unless the store took them along. Where it did not, there is no lock to give back.
    private mutating func afterOpening(_ input: Input) -> Action {
        guard case .turn(let stored) = input else { return go(.announcing(isLoaded: true), .announce) }
        guard let stored else { return go(.acquiringLock, .acquireLock) }
        guard stored.requestHash == requestHash else { return finish(.failed(Self.turnMismatch)) }
        return go(.emittingReplay(stored), .emitReplay(stored))
    }

    /// A stored turn answers the same request, and no other.
    private mutating func answer(from stored: StoredTurn) -> Action {
        guard stored.requestHash == requestHash else { return end(.failed(Self.turnMismatch)) }
        return end(.replayed(stored))
    }

    /// Says what became of the append.
    private mutating func end(after outcome: AppendOutcome) -> Action {
        switch outcome {
        case .appended: end(.completed)
        case .duplicate(let stored): answeredElsewhere(stored)
        case .lockLost: end(.failed(Self.error(for: .lockLost(.expired))))
        case .sessionDeleted: end(.failed(Self.error(for: .sessionDeleted)))
        }
    }

    /// The turn's id was stored by another call although this one held the lock: the lock had been lost. The stored
    /// answer is the turn's answer, unless the caller has already read parts of a different one.
    private mutating func answeredElsewhere(_ stored: StoredTurn) -> Action {
        guard stored.requestHash == requestHash else { return end(.failed(Self.turnMismatch)) }
        if streams && textEmitted { return end(.failed(Self.answeredMeanwhile)) }
        return end(.replayed(stored))
    }

    // MARK: Errors

    private static func isRefusal(_ error: EngineError) -> Bool {
        switch error.kind {
        case .lockNotAcquired, .resourceExhausted, .unavailable, .invalidArgument: true
        default: false
        }
    }

    private static func busy(_ error: EngineError) -> EngineError {
        guard error.kind == .lockNotAcquired else { return error }
        return EngineError(
            .sessionBusy, reason: "SESSION_BUSY",
            "another turn of this session runs; try again when it is finished, or wait longer for it",
            retryAfter: error.retryAfter)
    }

    private static let turnMismatch = EngineError(
        .turnMismatch, reason: "TURN_MISMATCH",
        "this turn id was used for a different request; repeat a turn unchanged, or give it a new id")

    private static let answeredMeanwhile = EngineError(
        .outcomeUnknown, reason: "ANSWERED_ELSEWHERE",
        "the same turn was answered by another call meanwhile; repeat it with its id to get the stored answer")

    /// - Parameter isStored: the turn's answer is in the store, from this call or another one.
    private static func error(for interruption: Interruption, isStored: Bool = false) -> EngineError {
        let outcome = isStored ? "the turn is stored, repeat it with its id" : "the turn was not stored"
        return switch interruption {
        case .callCancelled:
            EngineError(.cancelled, reason: "CANCELLED", "the call was cancelled; \(outcome)")
        case .turnCancelled:
            EngineError(.cancelled, reason: "TURN_CANCELLED", "the turn was cancelled by its id; \(outcome)")
        case .lockLost(let loss):
            EngineError(
                .lockLost, reason: "LOCK_LOST",
                "the turn lost its session's lock (\(loss.rawValue)); \(outcome)\(isStored ? "" : ", repeat it")")
        case .sessionDeleted:
            EngineError(
                .sessionDeleted, reason: "SESSION_DELETED",
                "the session was deleted or expired while the turn ran; nothing of the turn is stored")
        case .deadlinePassed:
            EngineError(
                .deadlineExceeded, reason: "TURN_TIME_LIMIT",
                "the turn took longer than its deadline or the limit turnTimeLimit; \(outcome)")
        case .toolOverran(let name):
            EngineError(
                .toolOverran, reason: "TOOL_OVERRAN", "the tool \(name) did not stop at its time limit; \(outcome)")
        }
    }
}
