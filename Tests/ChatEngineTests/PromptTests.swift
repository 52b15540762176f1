// Windows of conversations, titles and cuts, as tables.

import EngineConformance
import Testing

@testable import ChatEngine

@Suite("Prompt")
struct PromptTests {
    /// A history by roles: u user, a assistant, t tool, s system. Each message's text is its letter and index.
    private func history(_ roles: String) -> [StoredMessage] {
        roles.enumerated().map { index, letter in
            let role: MessageRole =
                switch letter {
                case "u": .user
                case "a": .assistant
                case "t": .tool
                default: .system
                }
            return StoredMessage(role: role, text: "\(letter)\(index)", turnID: "t", createdAtMicroseconds: 0)
        }
    }

    @Test(
        "a window holds whole turns, the newest ones, up to its messages",
        arguments: [
            ("uauaua", 0, "u0 a1 u2 a3 u4 a5"), ("uauaua", 6, "u0 a1 u2 a3 u4 a5"), ("uauaua", 5, "u2 a3 u4 a5"),
            ("uauaua", 4, "u2 a3 u4 a5"), ("uauaua", 3, "u4 a5"), ("uauaua", 2, "u4 a5"), ("uauaua", 1, ""),
            ("", 40, ""), ("aua", 40, "u1 a2"), ("a", 40, ""),
            // A turn with tools stays whole or goes whole.
            ("uatauata", 8, "u0 a1 t2 a3 u4 a5 t6 a7"), ("uatauata", 7, "u4 a5 t6 a7"), ("uatauata", 3, ""),
            // Other programs write what they like; a window still begins with a question.
            ("suaasua", 7, "u1 a2 a3 s4 u5 a6"), ("uu", 1, "u1"),
        ])
    func windowByMessages(roles: String, messagesMax: Int, expected: String) {
        let policy = MemoryPolicy(messagesMax: messagesMax, tokensMax: 0)
        let window = policy.window(of: history(roles), promptTokens: 1_000_000)
        #expect(window.map(\.text).joined(separator: " ") == expected)
    }

    @Test(
        "a window ends before its tokens do",
        arguments: [(0, 4), (10, 0), (19, 0), (20, 2), (29, 2), (30, 4), (1000, 4)])
    func windowByTokens(tokensMax: Int, count: Int) {
        // Each message is estimated at 5 tokens, and the rest of the prompt has 10.
        let policy = MemoryPolicy(messagesMax: 0, tokensMax: tokensMax)
        #expect(policy.window(of: history("uaua"), promptTokens: 10).count == count)
    }

    @Test("turns without an answer are left out of the prompt, whole")
    func emptyTurns() {
        var history = history("uauatauaua")
        for index in [3, 5, 9] { history[index].text = "" }
        // This one asked for a tool, so it is no empty one; but its turn's answer is.
        history[3].toolCalls = [ToolCall(id: "1", name: "time", arguments: "{}")]
        history[4].toolCallID = "1"
        func prompt(_ history: [StoredMessage]) -> String {
            Prompt.messages(
                systemPrompt: "", history: history, question: "q", toolOutputs: [],
                policy: MemoryPolicy(messagesMax: 0, tokensMax: 0)
            ).map(\.text).joined(separator: " ")
        }
        #expect(prompt(history) == "u0 a1 u6 a7 q")
        history[5].text = "done"
        #expect(prompt(history) == "u0 a1 u2  t4 done u6 a7 q")
    }

    @Test(
        "turns that were broken off between a tool call and its answer are left out, whole",
        arguments: [
            ("uaua", [1: ["c1"]], [:], "u2 a3"),  // Asked, and nobody answered.
            ("uataua", [1: ["c1"]], [2: "c1"], "u0 a1 t2 a3 u4 a5"),
            ("uataua", [1: ["c1"]], [2: "other"], "u4 a5"),
            ("utaua", [:], [1: "c1"], "u3 a4"),  // An answer to nothing.
            ("uattaua", [1: ["c1", "c2"]], [2: "c2", 3: "c1"], "u0 a1 t2 t3 a4 u5 a6"),
            ("uataua", [1: ["c1", "c2"]], [2: "c2"], "u4 a5"),
        ] as [(String, [Int: [String]], [Int: String], String)])
    func brokenToolTurns(roles: String, calls: [Int: [String]], answers: [Int: String], kept: String) {
        var history = history(roles)
        for (index, ids) in calls {
            history[index].toolCalls = ids.map { ToolCall(id: $0, name: "time", arguments: "{}") }
        }
        for (index, id) in answers { history[index].toolCallID = id }
        let prompt = Prompt.messages(
            systemPrompt: "", history: history, question: "q", toolOutputs: [],
            policy: MemoryPolicy(messagesMax: 0, tokensMax: 0))
        #expect(prompt.map(\.text).joined(separator: " ") == kept + " q")
    }

    @Test("a window is never more than was loaded for it")
    func loadLimit() {
        #expect(MemoryPolicy(messagesMax: 40, tokensMax: 100).loadLimit == WindowLimit(messages: 40, bytes: 400))
        #expect(MemoryPolicy(messagesMax: 0, tokensMax: 0).loadLimit == WindowLimit())
        #expect(MemoryPolicy(messagesMax: 1, tokensMax: .max).loadLimit.bytes ?? 0 > 0)
    }

    @Test("what the load limit leaves out would not have fitted the window", arguments: UInt64(1)...20)
    func loadLimitIsEnough(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = ["a", "가", "🛠", " ", "é"]
        let messages = (0..<60).map { index in
            let text = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? ""
            }
            return StoredMessage(
                role: index % 2 == 0 ? .user : .assistant, text: text.joined(), turnID: "t", createdAtMicroseconds: 0)
        }
        let policy = MemoryPolicy(
            messagesMax: Int.random(in: 0...50, using: &random), tokensMax: Int.random(in: 1...400, using: &random))
        var bytes = 0
        let loaded = messages.suffix(policy.loadLimit.messages ?? .max).reversed().prefix { message in
            bytes += message.text.utf8.count
            return bytes <= policy.loadLimit.bytes ?? .max
        }
        let fromAll = policy.window(of: messages, promptTokens: 0).map(\.text)
        let fromLoaded = policy.window(of: loaded.reversed(), promptTokens: 0).map(\.text)
        #expect(fromAll == fromLoaded)
    }

    @Test(
        "tokens are estimated from characters",
        arguments: [("", 4), ("a", 5), ("abcd", 5), ("abcde", 6), ("안녕", 6), ("🛠", 5), ("ab안", 6)])
    func tokenEstimate(text: String, tokens: Int) {
        #expect(TokenEstimate.tokens(in: text) == tokens)
    }

    @Test(
        "a title is the first words of the first message",
        arguments: [
            ("Hello", "Hello"), ("  two \n words  ", "two words"), ("a\u{0}b\u{1B}[31m c", "ab[31m c"),
            (String(repeating: "word ", count: 20), String(repeating: "word ", count: 12).dropLast() + "…"),
            (String(repeating: "x", count: 100), String(repeating: "x", count: 59) + "…"),
            ("테슬라 주식 분석해줘", "테슬라 주식 분석해줘"), ("\u{1}", ""),
        ])
    func titles(message: String, title: String) {
        #expect(Title.firstWords(of: message) == title)
        #expect(Title.firstWords(of: message).utf8.count <= EngineLimits().titleBytesMax)
    }

    @Test("a cut text fits and is cut between characters")
    func cuts() {
        #expect(TextCut.cut("short", bytesMax: 5) == "short")
        for limit in 20...40 {
            let cut = TextCut.cut(String(repeating: "🛠", count: 20), bytesMax: limit)
            #expect(cut.utf8.count <= limit && cut.hasSuffix(TextCut.mark) && !cut.contains("\u{FFFD}"))
        }
    }
}
