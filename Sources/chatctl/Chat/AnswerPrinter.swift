// Prints one answer: the text as it comes, or every event as JSON.

internal import ChatClient

struct AnswerPrinter {
    let printsJSON: Bool
    /// The conversation that the answer belongs to; empty until the server said so.
    private(set) var sessionID = ""
    private var isInLine = false
    private var isReasoning = false

    init(printsJSON: Bool) { self.printsJSON = printsJSON }

    mutating func show(_ event: ChatEvent.Event) {
        if case .started(let started) = event { sessionID = started.sessionID }
        guard !printsJSON else { return StandardOutput.write(JSONText.event(event).line) }
        switch event {
        case .text(let text):
            if isReasoning { endReasoning() }
            write(text)
        case .reasoning(let text):
            // Part of the show, not of the answer: pipes get the answer alone.
            guard StandardOutput.isTerminal else { return }
            if !isReasoning { StandardOutput.write(Self.dim) }
            isReasoning = true
            write(text)
        case .toolStarted(let tool):
            note("[\(PlainText.oneLine(tool.name)) ...]")
        case .toolFinished(let run):
            note("[\(PlainText.oneLine(run.name)): \(run.outcome.word)]")
        case .finished(let end):
            sessionID = end.sessionID
            endLine()
            if end.finishReason != .stop { note("[the answer ended early: \(end.finishReason.word)]") }
        case .started, .heartbeat: break
        }
    }

    mutating func show(_ reply: ChatReply) {
        sessionID = reply.sessionID
        guard !printsJSON else { return StandardOutput.write(JSONText.reply(reply).line) }
        write(reply.text)
        endLine()
        if reply.finishReason != .stop { note("[the answer ended early: \(reply.finishReason.word)]") }
    }

    /// Ends the line that the answer has begun, where it has.
    mutating func endLine() {
        if isReasoning { endReasoning() }
        if isInLine, !printsJSON { StandardOutput.write("\n") }
        isInLine = false
    }

    private mutating func write(_ text: String) {
        guard !text.isEmpty else { return }
        StandardOutput.write(PlainText.shown(text))
        isInLine = text.last?.isNewline != true
    }

    private mutating func endReasoning() {
        isReasoning = false
        StandardOutput.write(Self.plain)
        endLine()
    }

    private mutating func note(_ words: String) {
        guard StandardError.isTerminal else { return }
        endLine()
        StandardError.write(words + "\n")
    }

    private static let dim = "\u{1B}[2m"
    private static let plain = "\u{1B}[0m"
}
