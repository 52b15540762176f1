// Holds a stored conversation against what callers were told. Pure, so that it can be tried on conversations that are
// wrong.

/// A stored message, as far as the check goes.
struct SeenMessage: Sendable, Equatable {
    var isUser: Bool
    var text: String
    var turnID: String
}

struct ConversationCheck {
    var findings: [Finding] = []
    /// Turns that should be there and are not.
    var lost: [String] = []
    /// The answers that are there, by turn.
    var seen: [String: String] = [:]

    /// - Parameters:
    ///   - before: the session's turns as they stood before the conversation was read: what must be in it.
    ///   - after: the same as they stood after it was read: what may be in it.
    init(
        session: String, messages: [SeenMessage], before: [String: AskedTurn], after: [String: AskedTurn]
    ) {
        var order: [AskedTurn] = []
        var index = 0
        while index < messages.count {
            let question = messages[index]
            let answer = index + 1 < messages.count ? messages[index + 1] : nil
            guard question.isUser, let answer, !answer.isUser, answer.turnID == question.turnID else {
                add(.half, "\(session): message \(index + 1) of turn \(question.turnID) stands alone")
                index += 1
                continue
            }
            index += 2
            guard let turn = after[question.turnID] else {
                add(.unknown, "\(session): turn \(question.turnID)")
                continue
            }
            if seen[turn.id] != nil { add(.duplicated, "\(session): turn \(turn.id)") }
            seen[turn.id] = answer.text
            order.append(turn)
            check(turn, question.text, answer.text)
        }
        for turn in before.values.sorted(by: { $0.begunAt < $1.begunAt }) where turn.answer != nil {
            guard seen[turn.id] == nil else { continue }
            lost.append(turn.id)
            add(.lost, "\(session): turn \(turn.id)")
        }
        checkOrder(order)
    }

    /// The model's answer ends with the question, behind a number that is different each time.
    private mutating func check(_ turn: AskedTurn, _ question: String, _ answer: String) {
        if question != turn.message { add(.wrongText, "the question of \(turn.id): \(question.prefix(60))") }
        if !answer.hasSuffix(" echo: \(turn.message)") {
            add(.wrongText, "the answer of \(turn.id) is not the model's: \(answer.prefix(60))")
        }
        if let given = turn.answer, given != answer {
            add(.wrongText, "the answer of \(turn.id): given \(given.prefix(30)), stored \(answer.prefix(30))")
        }
    }

    /// A turn that was acknowledged before another was begun stands before it.
    private mutating func checkOrder(_ order: [AskedTurn]) {
        var latest: AskedTurn?
        for turn in order {
            if let latest, let end = turn.acknowledgedAt, end < latest.begunAt {
                add(.outOfOrder, "turn \(turn.id) stands after \(latest.id), which was begun when it had been answered")
            }
            if turn.begunAt > latest?.begunAt ?? 0 { latest = turn }
        }
    }

    private mutating func add(_ kind: Finding.Kind, _ what: String) {
        findings.append(Finding(kind: kind, what: what))
    }
}
