// The offline model: deterministic, word by word, honest about itself.

import ChatEngine
import Testing

@testable import LLMProviders

@Suite("Offline model")
struct OfflineModelTests {
    private func user(_ text: String) -> PromptMessage { PromptMessage(role: .user, text: text) }

    @Test("it says what it is and what was said, word by word, always the same")
    func answer() async {
        let answer = await ask(OfflineModel(), .question("how are  you?\n"))
        #expect(
            answer.text == "This is the offline model: no language model is configured, so nobody thought about this "
                + "answer.\n\nYou said: “how are  you?\n”")
        #expect(answer.events.count > 10)
        #expect(answer.completion?.model == "offline")
        #expect(answer.completion?.finishReason == .stop)
        #expect(answer.completion?.usage.inputTokens == 3)
        #expect(answer.completion?.usage.outputTokens == answer.events.count)
        #expect(await ask(OfflineModel(), .question("how are  you?\n")).events == answer.events)
        let plain = await ask(OfflineModel(), .question("how are  you?\n", streams: false))
        #expect(plain.events == [.text(answer.text)])
    }

    @Test("it reports the tools' results, from the prompt and from tool messages")
    func tools() {
        let routed = OfflineModel.text(for: [user("what time?" + Prompt.toolResultsMark + "time: noon")])
        #expect(routed.contains("The tools say:\ntime: noon"))
        #expect(routed.contains("You said: “what time?”"))
        let asked = OfflineModel.text(for: [
            user("old"), PromptMessage(role: .tool, text: "stale", toolCallID: "0"), user("what time?"),
            PromptMessage(role: .assistant, text: ""), PromptMessage(role: .tool, text: "noon", toolCallID: "1"),
        ])
        #expect(asked.contains("The tools say:\nnoon\n"))
        #expect(!asked.contains("stale"))
    }

    @Test("it remembers the message before")
    func memory() {
        let text = OfflineModel.text(for: [user("first"), PromptMessage(role: .assistant, text: "x"), user("second")])
        #expect(text.contains("You said: “second”"))
        #expect(text.contains("message 2 from you that I remember. Before it you said: “first”"))
        #expect(OfflineModel.text(for: []).hasPrefix("This is the offline model"))
    }

    @Test("it keeps the limit of output, and quotes no long text")
    func limits() async {
        var request = ModelRequest.question("hi")
        request.outputTokensMax = 3
        let answer = await ask(OfflineModel(), request)
        #expect(answer.text == "This is the")
        #expect(answer.completion?.finishReason == .length)
        let long = OfflineModel.text(for: [user(String(repeating: "x", count: 100_000))])
        #expect(long.count < 400)
    }

    @Test("words join to the text they came from", arguments: ["", " ", "a", " a", "a ", "a b", "a\n\n b  ", "한 국\t어"])
    func words(text: String) {
        #expect(OfflineModel.words(of: text).joined() == text)
        #expect(OfflineModel.wordCount(of: text) == text.split(whereSeparator: \.isWhitespace).count)
    }
}
