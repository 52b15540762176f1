// `chatctl health`: whether a server, or one of its services, takes calls. Made for health checks: the exit code says
// it.

internal import ArgumentParser
internal import ChatClient

struct HealthVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Tell whether the server takes calls.",
        discussion:
            "Ends with \(ExitStatus.success.rawValue) when it serves, else with \(ExitStatus.unavailable.rawValue).")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Option(help: ArgumentHelp("One service, such as chat.v1.ChatService.", valueName: "name"))
    var service: String = ""

    func perform(with client: ChatClient) async throws {
        let status = try await client.health(service: service)
        if printsJSON {
            let object: [(String, JSONText)] = [("service", .string(service)), ("status", .string(status.word))]
            StandardOutput.write(JSONText.object(object).line)
        } else {
            StandardOutput.writeLine(status.word)
        }
        if status != .serving { throw ProgramFailure(.unavailable) }
    }
}
