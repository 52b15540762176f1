// `chatctl rename ID TITLE`.

internal import ArgumentParser
internal import ChatClient

struct RenameVerb: Verb {
    static let configuration = CommandConfiguration(commandName: "rename", abstract: "Give a session a title.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Argument(help: ArgumentHelp("The session.", valueName: "id"))
    var session: String

    @Argument(help: "The title; an empty one goes back to the first words of the first message.")
    var title: String

    func perform(with client: ChatClient) async throws {
        let renamed = try await client.updateSession(session, title: title)
        if printsJSON {
            StandardOutput.write(JSONText.session(renamed).line)
        } else {
            StandardOutput.writeLine(SessionsVerb.row(renamed))
        }
    }
}
