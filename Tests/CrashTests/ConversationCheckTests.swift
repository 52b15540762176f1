// The checker finds each kind of damage, and nothing in a conversation that is right.

import Testing

@Suite("The check of conversations")
struct ConversationCheckTests {
    /// Four turns of one session: a before b before c, all acknowledged; d was asked and not answered.
    private let turns: [String: AskedTurn] = {
        var turns: [String: AskedTurn] = [:]
        for (number, id) in ["a", "b", "c", "d"].enumerated() {
            var turn = AskedTurn(id: id, session: "s", message: "message \(id)", begunAt: 2 * number + 1)
            if id != "d" {
                turn.acknowledgedAt = 2 * number + 2
                turn.answer = "answer-\(number) echo: message \(id)"
            }
            turns[id] = turn
        }
        return turns
    }()

    private func pair(_ id: String, number: Int? = nil) -> [SeenMessage] {
        let number = number ?? ["a", "b", "c", "d"].firstIndex(of: id)!
        return [
            SeenMessage(isUser: true, text: "message \(id)", turnID: id),
            SeenMessage(isUser: false, text: "answer-\(number) echo: message \(id)", turnID: id),
        ]
    }

    private func kinds(_ messages: [SeenMessage]) -> [Finding.Kind] {
        ConversationCheck(session: "s", messages: messages, before: turns, after: turns).findings.map(\.kind)
    }

    @Test("finds nothing where nothing is wrong, and allows a turn that was stored and not answered")
    func sound() {
        #expect(kinds(pair("a") + pair("b") + pair("c")) == [])
        #expect(kinds(pair("a") + pair("b") + pair("c") + pair("d")) == [])
        let check = ConversationCheck(
            session: "s", messages: pair("a") + pair("b") + pair("c") + pair("d", number: 9), before: turns,
            after: turns)
        #expect(check.seen["d"] == "answer-9 echo: message d")
    }

    @Test("finds a turn that is lost, also one that was only seen before")
    func lost() {
        #expect(kinds(pair("a") + pair("c")) == [.lost])
        #expect(kinds([]) == [.lost, .lost, .lost])
        var seen = turns
        seen["d"]!.answer = "answer-3 echo: message d"
        let check = ConversationCheck(
            session: "s", messages: pair("a") + pair("b") + pair("c"), before: seen, after: seen)
        #expect(check.lost == ["d"])
    }

    @Test("does not miss a turn that was acknowledged after the conversation was read")
    func acknowledgedMeanwhile() {
        var before = turns
        before["c"]!.answer = nil
        before["c"]!.acknowledgedAt = nil
        let check = ConversationCheck(session: "s", messages: pair("a") + pair("b"), before: before, after: turns)
        #expect(check.findings == [])
    }

    @Test("finds a turn that is there twice")
    func duplicated() {
        #expect(kinds(pair("a") + pair("b") + pair("c") + pair("c")) == [.duplicated])
    }

    @Test("finds half a turn")
    func half() {
        #expect(kinds(pair("a") + pair("b") + pair("c") + pair("d").prefix(1)) == [.half])
        #expect(kinds(pair("a") + pair("b") + pair("c").suffix(1)) == [.half, .lost])
        // The halves of two turns between one another.
        #expect(
            kinds(pair("a") + pair("b").prefix(1) + pair("c") + pair("b").suffix(1)) == [.half, .half, .lost])
    }

    @Test("finds turns out of order")
    func order() {
        #expect(kinds(pair("b") + pair("a") + pair("c")) == [.outOfOrder])
        #expect(kinds(pair("d") + pair("a") + pair("b") + pair("c")) == [.outOfOrder, .outOfOrder, .outOfOrder])
    }

    @Test("finds another text, and a turn that nobody asked")
    func texts() {
        #expect(kinds(pair("a", number: 7) + pair("b") + pair("c")) == [.wrongText])
        var messages = pair("a") + pair("b") + pair("c")
        messages[0].text = "message x"
        #expect(kinds(messages) == [.wrongText])
        messages = pair("a") + pair("b") + pair("c") + pair("d")
        messages[7].text = "answer-3 echo: mess"
        #expect(kinds(messages) == [.wrongText])
        messages[6].turnID = "x"
        messages[7].turnID = "x"
        #expect(kinds(messages) == [.unknown])
    }
}
