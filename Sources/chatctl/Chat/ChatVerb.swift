// `chatctl chat`: one question, from the command line or standard input, or a conversation on a terminal.

internal import ArgumentParser
internal import ChatClient
internal import Glibc

struct ChatVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Ask something, or chat.",
        discussion: """
            Without MESSAGE it reads the message from standard input; where that is a terminal it opens a \
            conversation, in which Ctrl-C stops an answer and /help lists the commands. A turn that is stopped is not \
            stored.
            """)

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Option(help: ArgumentHelp("The session to go on with, or to begin.", valueName: "id"))
    var session: String = ""

    @Option(help: ArgumentHelp("The turn's id: the same command again asks the model once.", valueName: "id"))
    var turn: String = ""

    @Option(help: ArgumentHelp("The end user for whom it is asked.", valueName: "id"))
    var user: String = ""

    @Option(help: ArgumentHelp("The provider's name of the model.", valueName: "name"))
    var model: String = ""

    @Option(help: ArgumentHelp("Replaces the server's system prompt; empty for none.", valueName: "text"))
    var system: String?

    @Flag(name: .customLong("no-stream"), help: "Print the answer when it is whole.")
    var printsWhole = false

    @Flag(help: "Fail rather than wait when another turn holds the session.")
    var refuseWhenBusy = false

    @Argument(help: "What to ask.")
    var message: String?

    /// Above the server's own limit, which then answers in its own words; below what hurts here.
    private static let inputBytesMax = 1 << 20

    func validate() throws {
        if message == "" { throw ValidationError("the message is empty") }
    }

    func perform(with client: ChatClient) async throws {
        if let message {
            try await ask(message, client)
        } else if isatty(STDIN_FILENO) == 1, StandardOutput.isTerminal, !printsJSON {
            guard turn.isEmpty else {
                throw ProgramFailure(.usage, "--turn names one turn, so it needs a MESSAGE")
            }
            try await Conversation(client: client, template: request(for: ""), printsWhole: printsWhole).run()
        } else {
            try await ask(Self.standardInput(), client)
        }
    }

    private func request(for message: String) -> ChatRequest {
        ChatRequest(
            message: message, sessionID: session, userID: user, turnID: turn, systemPrompt: system, model: model,
            whenBusy: refuseWhenBusy ? .refuse : .wait)
    }

    private func ask(_ message: String, _ client: ChatClient) async throws {
        var printer = AnswerPrinter(printsJSON: printsJSON)
        if printsWhole {
            printer.show(try await client.chat(request(for: message)))
        } else {
            do {
                for try await event in client.streamChat(request(for: message)) { printer.show(event) }
            } catch {
                printer.endLine()
                throw error
            }
        }
        if session.isEmpty, !printsJSON, StandardError.isTerminal, !printer.sessionID.isEmpty {
            StandardError.say("go on with --session \(printer.sessionID)")
        }
    }

    /// All of standard input, without the line break at its end.
    private static func standardInput() throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ProgramFailure(.usage, "standard input cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= inputBytesMax else {
                throw ProgramFailure(
                    .invalidValue, "the message on standard input is longer than \(inputBytesMax) bytes")
            }
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ProgramFailure(.invalidValue, "the message on standard input is not UTF-8")
        }
        guard !text.isEmpty else {
            throw ProgramFailure(.usage, "there is no message: give one as an argument or on standard input")
        }
        return text
    }
}
