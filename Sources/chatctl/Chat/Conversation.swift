// `chatctl chat` on a terminal: questions and answers in one session until the user leaves.

internal import ChatClient
internal import Glibc

/// One conversation. Ctrl-C stops the answer that runs; at the prompt it drops what was typed, and at an empty prompt
/// it ends the program, as Ctrl-D and /quit do.
struct Conversation {
    let client: ChatClient
    /// What all questions share.
    let template: ChatRequest
    let printsWhole: Bool
    private let prompt = Prompt()
    private let signals = SignalWatch.shared

    init(client: ChatClient, template: ChatRequest, printsWhole: Bool) {
        self.client = client
        self.template = template
        self.printsWhole = printsWhole
    }

    private static let help = """
        /sessions   list the sessions, newest first
        /history    what was said in this one
        /new        begin a new session
        /help       this list
        /quit       end; so do Ctrl-D, and Ctrl-C at an empty prompt
        Ctrl-C stops an answer; a question whose answer was stopped is not stored.

        """

    func run() async throws {
        StandardError.write("Type a question, or /help. Ctrl-C stops an answer, Ctrl-D ends.\n")
        var sessionID = template.sessionID
        while true {
            switch await nextLine() {
            case .end, .interrupted(hadText: false):
                StandardOutput.write("\n")
                return
            case .interrupted(hadText: true):
                StandardOutput.write("\n")
            case .ended(let signal):
                StandardOutput.write("\n")
                throw ProgramFailure(status: 128 + signal)
            case .text(let text):
                guard try await take(text.trimmed, &sessionID) else { return }
            }
        }
    }

    private func nextLine() async -> Prompt.Line {
        let prompt = prompt
        return await signals.redirect(to: { prompt.interrupt($0) }) { await prompt.nextLine() }
    }

    /// - Returns: false at the end.
    private func take(_ line: String, _ sessionID: inout String) async throws -> Bool {
        switch line {
        case "": break
        case "/quit", "/exit": return false
        case "/help": StandardOutput.write(Self.help)
        case "/new":
            sessionID = ""
            StandardError.write("A new session begins with the next question.\n")
        case "/sessions":
            try await tolerate { client in
                for try await session in client.sessions() { StandardOutput.writeLine(SessionsVerb.row(session)) }
            }
        case "/history":
            guard !sessionID.isEmpty else {
                StandardError.write("Nothing was said yet.\n")
                break
            }
            let id = sessionID
            try await tolerate { client in
                for try await message in client.messages(sessionID: id) {
                    StandardOutput.writeLine(HistoryVerb.paragraph(message))
                }
            }
        case _ where line.hasPrefix("/") && !line.contains(" "):
            StandardError.write("There is no \(PlainText.oneLine(line)); see /help.\n")
        default: try await ask(line, &sessionID)
        }
        return true
    }

    private func ask(_ message: String, _ sessionID: inout String) async throws {
        var request = template
        request.message = message
        request.sessionID = sessionID
        let (asked, client, printsWhole) = (request, client, printsWhole)
        let shared = sessionID
        sessionID = try await interruptible {
            var printer = AnswerPrinter(printsJSON: false)
            do throws(ChatClientError) {
                if printsWhole {
                    printer.show(try await client.chat(asked))
                } else {
                    for try await event in client.streamChat(asked) { printer.show(event) }
                }
            } catch {
                printer.endLine()
                Self.tell(error)
            }
            return printer.sessionID.isEmpty ? shared : printer.sessionID
        }
    }

    /// Runs a command whose failure the conversation survives.
    private func tolerate(_ command: @escaping @Sendable (ChatClient) async throws -> Void) async throws {
        let client = client
        try await interruptible {
            do {
                try await command(client)
            } catch let error as ChatClientError {
                Self.tell(error)
            }
        }
    }

    private static func tell(_ error: ChatClientError) {
        if error.code == .cancelled {
            StandardError.write("[stopped]\n")
        } else {
            StandardError.say(ErrorWords.of(error))
        }
    }

    /// Runs `work` so that Ctrl-C cancels it and nothing else.
    private func interruptible<R: Sendable>(_ work: @escaping @Sendable () async throws -> R) async throws -> R {
        let task = Task { try await work() }
        let program = SignalEnd()
        let result = try await signals.redirect(to: { signal in
            if signal != SIGINT { program.note(signal) }
            task.cancel()
        }) { try await task.value }
        if let signal = program.signal { throw ProgramFailure(status: 128 + signal) }
        return result
    }
}

extension String {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(start.prefix(start.count - start.reversed().prefix { $0.isWhitespace }.count))
    }
}
