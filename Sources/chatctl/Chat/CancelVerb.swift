// `chatctl cancel SESSION TURN`: stops a turn that another client began.

internal import ArgumentParser
internal import ChatClient

struct CancelVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel a turn that is running, whoever began it.",
        discussion: "Repeating it is safe. The outcome is cancelled, too_late or not_running.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Argument(help: ArgumentHelp("The turn's session.", valueName: "session"))
    var session: String

    @Argument(help: ArgumentHelp("The turn.", valueName: "turn"))
    var turn: String

    func perform(with client: ChatClient) async throws {
        let outcome = try await client.cancelTurn(turn, sessionID: session)
        if printsJSON {
            let object: [(String, JSONText)] = [
                ("session_id", .string(session)), ("turn_id", .string(turn)), ("outcome", .string(outcome.word)),
            ]
            StandardOutput.write(JSONText.object(object).line)
        } else {
            StandardOutput.writeLine(outcome.word)
        }
    }
}
