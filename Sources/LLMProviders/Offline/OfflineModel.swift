// A model that is none: it needs no key and no network, answers from the conversation and the tools' results, and says
// so. The same conversation always gets the same answer. Runs on the caller's actor.

package import ChatEngine

/// Answers without a language model.
package struct OfflineModel: ChatModel {
    /// Quotes longer than this are cut: the answer is a demonstration and not a copy.
    static let quoteCharactersMax = 200

    package let name = "offline"

    package init() {}

    package func answer(
        _ request: ModelRequest, emit: (ModelEvent) async throws -> Void
    ) async throws -> ModelCompletion {
        var words = Self.words(of: Self.text(for: request.messages))
        var usage = TokenUsage()
        usage.inputTokens = request.messages.reduce(0) { $0 + Self.wordCount(of: $1.text) }
        var finishReason = FinishReason.stop
        if let limit = request.outputTokensMax, limit < words.count {
            words.removeSubrange(max(0, limit)...)
            finishReason = .length
        }
        usage.outputTokens = words.count
        if request.streams {
            for word in words {
                try Task.checkCancellation()
                try await emit(.text(word))
            }
        } else if !words.isEmpty {
            try await emit(.text(words.joined()))
        }
        return ModelCompletion(model: name, finishReason: finishReason, usage: usage)
    }

    // MARK: - The text

    static func text(for messages: [PromptMessage]) -> String {
        var parts = ["This is the offline model: no language model is configured, so nobody thought about this answer."]
        let questions = messages.filter { $0.role == .user }.map { split($0.text) }
        var results = questions.last?.results.map { [$0] } ?? []
        // Results that the model asked for itself follow the last question.
        let lastQuestion = messages.lastIndex { $0.role == .user } ?? messages.startIndex
        results += messages[lastQuestion...].filter { $0.role == .tool }.map(\.text)
        if !results.isEmpty { parts.append("The tools say:\n" + results.joined(separator: "\n")) }
        if let question = questions.last?.question { parts.append("You said: \(quote(question))") }
        if questions.count > 1 {
            let before = quote(questions[questions.count - 2].question)
            parts.append("That was message \(questions.count) from you that I remember. Before it you said: \(before)")
        }
        return parts.joined(separator: "\n\n")
    }

    private static func split(_ text: String) -> (question: String, results: String?) {
        let bytes = Array(text.utf8)
        let mark = Array(Prompt.toolResultsMark.utf8)
        var start = bytes.count - mark.count
        while start >= 0 {
            if bytes[start] == mark[0], bytes[start..<start + mark.count].elementsEqual(mark) {
                let results = bytes[(start + mark.count)...]
                return (String(decoding: bytes[..<start], as: UTF8.self), String(decoding: results, as: UTF8.self))
            }
            start -= 1
        }
        return (text, nil)
    }

    private static func quote(_ text: String) -> String {
        let isCut = text.count > quoteCharactersMax
        return "“" + text.prefix(quoteCharactersMax) + (isCut ? "…" : "") + "”"
    }

    /// How many words a text has, counted in bytes since it runs over the whole history of every turn.
    static func wordCount(of text: String) -> Int {
        var count = 0
        var isInWord = false
        for byte in text.utf8 {
            let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
            if !isSpace, !isInWord { count += 1 }
            isInWord = !isSpace
        }
        return count
    }

    /// The words of a text, each with the white space before it, so that they join to the same text.
    static func words(of text: String) -> [String] {
        var words: [String] = []
        var start = text.startIndex
        var isInWord = false
        for index in text.indices {
            let isSpace = text[index].isWhitespace
            if isSpace, isInWord {
                words.append(String(text[start..<index]))
                start = index
            }
            isInWord = !isSpace
        }
        if start < text.endIndex { words.append(String(text[start...])) }
        return words
    }
}
