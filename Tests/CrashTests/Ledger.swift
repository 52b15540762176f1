// What callers were told: every turn that was asked, what was acknowledged, in which order. The conversations that the
// server keeps are held against it.

import Synchronization

/// A turn as its caller knows it.
struct AskedTurn: Sendable, Equatable {
    let id: String
    let session: String
    let message: String
    /// When it was first asked and first answered, in events of the ledger.
    let begunAt: Int
    var acknowledgedAt: Int?
    /// The answer that was given, or seen in the conversation.
    var answer: String?
    var attempts = 0

    init(id: String, session: String, message: String, begunAt: Int) {
        self.id = id
        self.session = session
        self.message = message
        self.begunAt = begunAt
    }
}

/// Something that must not be.
struct Finding: Sendable, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        /// An acknowledged turn, or one that was seen before, is not there.
        case lost
        case duplicated
        /// A user message without its answer, or an answer without its question.
        case half
        case outOfOrder
        /// A stored text is not the one that was sent or given.
        case wrongText
        /// A turn that nobody asked.
        case unknown
        case wrongCount
        /// The same turn id was answered in two ways, or asked of the model again after it was acknowledged.
        case answeredTwice
        /// An acknowledged lease is gone, or has another fence, or other times than it was given.
        case leaseLost
        /// A released lease is there again.
        case releaseLost
        /// A fence is not greater than the ones before.
        case fence
        /// Two hold one lock.
        case heldTwice
        /// A call failed in a way that a retry must not.
        case refused
        /// The database is damaged.
        case damaged
    }
    var kind: Kind
    var what: String
    var description: String { "\(kind.rawValue): \(what)" }
}

/// The record of one run, shared by its callers.
final class Ledger: Sendable {
    struct Figures: Sendable {
        var acknowledged = 0
        /// Attempts after the first one of a turn.
        var retried = 0
        /// Turns whose first acknowledgement came from the store: an attempt before was stored and not answered.
        var replayed = 0
        /// Acknowledged turns that were asked once more, and answered from the store.
        var askedAgain = 0
        var leases = 0
        /// Leases that were held while the server was killed and started anew.
        var leasesKept = 0
    }
    private struct State {
        var now = 0
        var turns: [String: AskedTurn] = [:]
        var sessions: [String] = []
        var idsBySession: [String: [String]] = [:]
        var figures = Figures()
        var findings: [Finding] = []
        var lost: Set<String> = []
    }
    private let state = Mutex(State())

    var figures: Figures { state.withLock { $0.figures } }
    var findings: [Finding] { state.withLock { $0.findings } }
    /// Acknowledged turns that were missed so far.
    var lostCount: Int { state.withLock { $0.lost.count } }
    /// All turns that were asked.
    var turnCount: Int { state.withLock { $0.turns.count } }
    /// Every session that has a turn, oldest first.
    var sessions: [String] { state.withLock { $0.sessions } }

    /// The turns of one session by their ids, as they stand now.
    func turns(of session: String) -> [String: AskedTurn] {
        state.withLock { state in
            var turns: [String: AskedTurn] = [:]
            for id in state.idsBySession[session] ?? [] { turns[id] = state.turns[id] }
            return turns
        }
    }

    func report(_ kind: Finding.Kind, _ what: String) {
        state.withLock { $0.findings.append(Finding(kind: kind, what: what)) }
    }

    // MARK: By callers

    func begin(_ id: String, session: String, message: String) {
        state.withLock { state in
            state.now += 1
            precondition(state.turns[id] == nil, "a turn is begun once")
            state.turns[id] = AskedTurn(id: id, session: session, message: message, begunAt: state.now)
            if state.idsBySession[session] == nil { state.sessions.append(session) }
            state.idsBySession[session, default: []].append(id)
        }
    }

    func attempt(_ id: String) {
        state.withLock { state in
            state.turns[id]!.attempts += 1
            if state.turns[id]!.attempts > 1 { state.figures.retried += 1 }
        }
    }

    func acknowledged(_ id: String, answer: String, replayed: Bool) {
        state.withLock { state in
            state.now += 1
            let turn = state.turns[id]!
            if let known = turn.answer, known != answer {
                state.findings.append(
                    Finding(kind: .answeredTwice, what: "\(id): first \(known.prefix(40)), then \(answer.prefix(40))"))
            }
            if turn.acknowledgedAt != nil {
                if !replayed { state.findings.append(Finding(kind: .answeredTwice, what: "\(id) ran again")) }
                state.figures.askedAgain += 1
                return
            }
            state.turns[id]!.acknowledgedAt = state.now
            state.turns[id]!.answer = answer
            state.figures.acknowledged += 1
            if replayed { state.figures.replayed += 1 }
        }
    }

    func leased() { state.withLock { $0.figures.leases += 1 } }
    func keptLease() { state.withLock { $0.figures.leasesKept += 1 } }

    // MARK: By the checker

    /// Takes what was found into the record. A lost turn is forgotten, so that it is missed once; an answer that was
    /// seen must stay as it is.
    func take(_ findings: [Finding], lost: [String], seen: [String: String]) {
        state.withLock { state in
            state.findings += findings
            for id in lost {
                state.lost.insert(id)
                state.turns[id]!.acknowledgedAt = nil
                state.turns[id]!.answer = nil
            }
            for (id, answer) in seen where state.turns[id]!.answer == nil { state.turns[id]!.answer = answer }
        }
    }
}
