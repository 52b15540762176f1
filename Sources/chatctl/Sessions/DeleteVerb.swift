// `chatctl delete ID`.

internal import ArgumentParser
internal import ChatClient

struct DeleteVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a session and its messages.",
        discussion: "Repeating it is safe: a session that is gone already is no failure.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Argument(help: ArgumentHelp("The session.", valueName: "id"))
    var session: String

    func perform(with client: ChatClient) async throws {
        let existed = try await client.deleteSession(session)
        if printsJSON {
            let object: [(String, JSONText)] = [("session_id", .string(session)), ("existed", .bool(existed))]
            StandardOutput.write(JSONText.object(object).line)
        } else {
            StandardOutput.writeLine(existed ? "deleted" : "there was no such session")
        }
    }
}
