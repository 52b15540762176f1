// `chatctl sessions`: all sessions, newest activity first, page by page.

internal import ArgumentParser
internal import ChatClient

struct SessionsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "sessions", abstract: "List the sessions, newest activity first.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Flag(help: "Every caller's sessions, where that is allowed.")
    var all = false

    @Option(help: ArgumentHelp("At most so many sessions.", valueName: "n"))
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    }

    func perform(with client: ChatClient) async throws {
        var count = 0
        for try await session in client.sessions(allOwners: all) {
            if printsJSON {
                StandardOutput.write(JSONText.session(session).line)
            } else {
                StandardOutput.writeLine(Self.row(session))
            }
            count += 1
            if count == limit { break }
        }
        if count == 0, StandardError.isTerminal { StandardError.say("there are no sessions") }
    }

    /// Made ids have 32 characters.
    private static let idWidth = 32

    /// Time, messages, id, title.
    static func row(_ session: Session) -> String {
        let time = PlainText.time(unixMicroseconds: session.updatedUnixMicroseconds)
        let count = String(session.messageCount)
        let padding = String(repeating: " ", count: max(0, 5 - count.count))
        return "\(time)  \(padding)\(count) messages  \(PlainText.padded(session.id, to: idWidth))  "
            + PlainText.oneLine(session.title)
    }
}
