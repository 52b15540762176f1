// The window of a conversation and the prompt made of it. Pure.

/// Estimates tokens without any model's vocabulary, rather too many than too few.
enum TokenEstimate {
    /// What a chat format adds to each message.
    static let tokensPerMessage = 4
    /// English has about four bytes a token.
    static let asciiBytesPerToken = 4
    /// No text has more bytes than that in an estimated token, so a window of T tokens fits T times as many bytes.
    static let bytesPerTokenMax = 4

    /// One token for four ASCII characters, and one for every other character: vocabularies differ, Korean has 0.6 to
    /// 1.5.
    static func tokens(in text: String) -> Int {
        var ascii = 0
        var other = 0
        for byte in text.utf8 {
            if byte < 0x80 { ascii += 1 } else if byte >= 0xC0 { other += 1 }
        }
        return tokensPerMessage + (ascii + asciiBytesPerToken - 1) / asciiBytesPerToken + other
    }
}

extension MemoryPolicy {
    /// What to load at most: never more than the window can need.
    var loadLimit: WindowLimit {
        WindowLimit(
            messages: messagesMax == 0 ? nil : messagesMax,
            bytes: tokensMax == 0
                ? nil : min(tokensMax, Int.max / TokenEstimate.bytesPerTokenMax) * TokenEstimate.bytesPerTokenMax)
    }

    /// The newest whole turns of `messages` that fit the policy beside a prompt that already has `promptTokens`.
    ///
    /// A turn begins with a user's message. A tool's answer without its question, which providers refuse, is never
    /// kept.
    func window(of messages: [StoredMessage], promptTokens: Int) -> ArraySlice<StoredMessage> {
        var start = messages.endIndex
        var tokens = promptTokens
        for index in messages.indices.reversed() {
            if messagesMax > 0, messages.endIndex - index > messagesMax { break }
            tokens += TokenEstimate.tokens(in: messages[index].text)
            for call in messages[index].toolCalls { tokens += TokenEstimate.tokens(in: call.arguments) }
            if tokensMax > 0, tokens > tokensMax { break }
            if messages[index].role == .user { start = index }
        }
        return messages[start...]
    }
}

/// What the model is told.
public enum Prompt {
    /// What stands between a question and the results of the tools that ran for it, in the platform's words. For models
    /// that are none and read them apart again.
    public static let toolResultsMark = "\n\n🛠 도구 결과:\n"

    /// System prompt unless it is empty, window, and the user's message with the tools' results.
    static func messages(
        systemPrompt: String, history: [StoredMessage], question: String, toolOutputs: [String], policy: MemoryPolicy
    ) -> [PromptMessage] {
        var messages: [PromptMessage] = []
        var promptTokens = 0
        if !systemPrompt.isEmpty {
            messages.append(PromptMessage(role: .system, text: systemPrompt))
            promptTokens += TokenEstimate.tokens(in: systemPrompt)
        }
        let user = PromptMessage(role: .user, text: userText(question: question, toolOutputs: toolOutputs))
        promptTokens += TokenEstimate.tokens(in: user.text)
        let window = policy.window(of: history, promptTokens: promptTokens)
        messages.reserveCapacity(window.count + 2)
        for message in withoutUnusableTurns(window) {
            messages.append(
                PromptMessage(
                    role: message.role, text: message.text, toolCalls: message.toolCalls,
                    toolCallID: message.toolCallID))
        }
        messages.append(user)
        return messages
    }

    /// Leaves out the turns that a provider would refuse, and every later turn with them: those in which the model said
    /// nothing, since the question alone would stand beside the next one, and those that another program broke off
    /// between a tool call and its answer.
    private static func withoutUnusableTurns(_ window: ArraySlice<StoredMessage>) -> ArraySlice<StoredMessage> {
        // Most windows have none, and are not copied.
        guard window.contains(where: isSuspect) else { return window }
        var kept: ArraySlice<StoredMessage> = []
        var start = window.startIndex
        while start < window.endIndex {
            let end = window[(start + 1)...].firstIndex { $0.role == .user } ?? window.endIndex
            let turn = window[start..<end]
            if isUsable(turn) { kept += turn }
            start = end
        }
        return kept
    }

    private static func isSuspect(_ message: StoredMessage) -> Bool {
        message.role == .tool || !message.toolCalls.isEmpty || isEmpty(message)
    }

    private static func isEmpty(_ message: StoredMessage) -> Bool {
        message.role == .assistant && message.text.isEmpty && message.toolCalls.isEmpty
    }

    /// Every tool call is answered before anything else is said, and every answer has its call.
    private static func isUsable(_ turn: ArraySlice<StoredMessage>) -> Bool {
        var open: [String] = []
        for message in turn {
            if isEmpty(message) { return false }
            if message.role == .tool {
                guard let index = open.firstIndex(of: message.toolCallID ?? "") else { return false }
                open.remove(at: index)
                continue
            }
            guard open.isEmpty else { return false }
            open = message.toolCalls.map(\.id)
        }
        return open.isEmpty
    }

    /// The platform's format of tool results; a question without tools stays as it is.
    static func userText(question: String, toolOutputs: [String]) -> String {
        guard !toolOutputs.isEmpty else { return question }
        return question + toolResultsMark + toolOutputs.joined(separator: "\n")
    }
}

/// Names a conversation after its first message.
package enum Title {
    /// About one line of a list, in Unicode scalars, so that a title has at most four times as many bytes.
    static let scalarsMax = 60

    /// The first words of `message`, with single spaces. A word that alone is longer is cut.
    package static func firstWords(of message: String) -> String {
        var title: [Unicode.Scalar] = []
        /// Where the word that is being read begins, its space included; nil between words.
        var wordStart: Int?
        for scalar in message.unicodeScalars {
            if isSpace(scalar) {
                wordStart = nil
                continue
            }
            if isControl(scalar) { continue }
            let start = wordStart ?? title.count
            if wordStart == nil, !title.isEmpty { title.append(" ") }
            wordStart = start
            title.append(scalar)
            if title.count > scalarsMax {
                title.removeSubrange((start > 0 ? start : scalarsMax - 1)...)
                title.append("…")
                break
            }
        }
        let bytes = title.flatMap { UTF8.encode($0) ?? UTF8.encodedReplacementCharacter }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        // The properties of a scalar take a search.
        scalar.isASCII ? scalar == " " || ("\t"..."\r").contains(scalar) : scalar.properties.isWhitespace
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
}

/// Cuts a text at a limit of bytes, never inside a character.
enum TextCut {
    /// What marks a cut text.
    static let mark = "\n… [cut]"

    /// The text, or as much of its beginning as fits `bytesMax` with the mark.
    static func cut(_ text: String, bytesMax: Int) -> String {
        guard text.utf8.count > bytesMax else { return text }
        let room = max(0, bytesMax - mark.utf8.count)
        var end = text.utf8.index(text.startIndex, offsetBy: room)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return String(text[..<end]) + mark
    }
}
