// `chatctl history ID`: what was said in a session, oldest first.

internal import ArgumentParser
internal import ChatClient

struct HistoryVerb: Verb {
    static let configuration = CommandConfiguration(commandName: "history", abstract: "Print a session's messages.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Flag(help: "The newest message first.")
    var newestFirst = false

    @Option(help: ArgumentHelp("At most so many messages.", valueName: "n"))
    var limit: Int?

    @Argument(help: ArgumentHelp("The session.", valueName: "id"))
    var session: String

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    }

    func perform(with client: ChatClient) async throws {
        var count = 0
        for try await message in client.messages(sessionID: session, newestFirst: newestFirst) {
            if printsJSON {
                StandardOutput.write(JSONText.message(message).line)
            } else {
                StandardOutput.writeLine(Self.paragraph(message))
            }
            count += 1
            if count == limit { break }
        }
    }

    /// Who, when, what.
    static func paragraph(_ message: ChatMessage) -> String {
        let time = PlainText.time(unixMicroseconds: message.createdUnixMicroseconds)
        return "[\(message.position)] \(message.role.word)\(time.isEmpty ? "" : ", \(time)")\n"
            + PlainText.shown(message.text)
    }
}
