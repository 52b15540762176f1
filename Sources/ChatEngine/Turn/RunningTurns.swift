// The turns of this process that run or stand in line, so that one can be ended from another call: by its id, by its
// session's deletion, by the loss of its lock. Used from every loop.

internal import Synchronization

/// One running turn, as others reach it.
final class RunningTurn: Sendable {
    private enum State {
        case running
        case interrupted(Interruption)
        /// The append was sent, a stored answer is given again, or the turn is over: nobody ends it any more.
        case sealed
    }

    let owner: String
    let sessionID: String
    let turnID: String
    private let cancel: @Sendable () -> Void
    private let state = Mutex(State.running)

    init(owner: String, sessionID: String, turnID: String, cancel: @escaping @Sendable () -> Void) {
        self.owner = owner
        self.sessionID = sessionID
        self.turnID = turnID
        self.cancel = cancel
    }

    /// Ends the turn, from any thread. The first reason counts. False when it is too late.
    @discardableResult
    func interrupt(_ interruption: Interruption) -> Bool {
        let (first, accepted) = state.withLock { state in
            switch state {
            case .running:
                state = .interrupted(interruption)
                return (true, true)
            case .interrupted: return (false, true)
            case .sealed: return (false, false)
            }
        }
        // Outside the mutex: cancelling a task runs its cancellation handlers here.
        if first { cancel() }
        return accepted
    }

    /// Why the turn must end, if it must.
    var interruption: Interruption? {
        state.withLock { if case .interrupted(let interruption) = $0 { interruption } else { nil } }
    }

    /// From now on nobody ends the turn. False when somebody did already.
    func seal() -> Bool {
        state.withLock { state in
            if case .interrupted = state { return false }
            state = .sealed
            return true
        }
    }
}

/// What became of a wish to cancel a turn.
public enum CancelOutcome: Sendable, Equatable {
    /// The turn ends with `cancelled`, and nothing of it is stored.
    case cancelling
    /// The turn's answer is stored, or is being stored.
    case tooLate
    /// No such turn runs in this process.
    case notRunning
}

/// The registry of running turns, bounded.
final class RunningTurns: Sendable {
    private struct Key: Hashable {
        var owner: String
        var turnID: String
    }

    private struct State {
        /// Several calls may run one turn: a retry stands in line behind the call that it repeats.
        var turns: [Key: [RunningTurn]] = [:]
        var count = 0
    }

    private let countMax: Int
    private let state = Mutex(State())

    init(countMax: Int) { self.countMax = countMax }

    /// - Throws: `EngineError` of kind `resourceExhausted` when too many turns run.
    func add(_ turn: RunningTurn) throws(EngineError) {
        let added = state.withLock { state in
            guard state.count < countMax else { return false }
            state.count += 1
            state.turns[Key(owner: turn.owner, turnID: turn.turnID), default: []].append(turn)
            return true
        }
        guard added else {
            throw .limitReached(
                "runningTurnsMax", countMax,
                "\(countMax) turns run in this process, the limit runningTurnsMax; try again later or elsewhere")
        }
    }

    func remove(_ turn: RunningTurn) {
        let key = Key(owner: turn.owner, turnID: turn.turnID)
        state.withLock { state in
            guard var turns = state.turns[key], let index = turns.firstIndex(where: { $0 === turn }) else { return }
            turns.remove(at: index)
            state.turns[key] = turns.isEmpty ? nil : turns
            state.count -= 1
        }
    }

    func cancel(owner: String, sessionID: String?, turnID: String) -> CancelOutcome {
        let all = state.withLock { $0.turns[Key(owner: owner, turnID: turnID)] ?? [] }
        let turns = all.filter { sessionID == nil || $0.sessionID == sessionID }
        guard !turns.isEmpty else { return .notRunning }
        // One call that is past the point decides: its answer is or will be stored, whatever becomes of the others.
        var outcome = CancelOutcome.cancelling
        for turn in turns where !turn.interrupt(.turnCancelled) { outcome = .tooLate }
        return outcome
    }

    /// Ends every turn of a session. True when there was one to end.
    func endTurns(owner: String, sessionID: String) -> Bool {
        // Looks at every running turn: deletions are rare, and there are at most `countMax`.
        let turns = state.withLock { state in
            state.turns.values.joined().filter { $0.owner == owner && $0.sessionID == sessionID }
        }
        var ended = false
        for turn in turns where turn.interrupt(.sessionDeleted) { ended = true }
        return ended
    }

    var count: Int { state.withLock { $0.count } }
}
