// `chatctl echo`: whether the road to the server and back is open, and how long it is.

internal import ArgumentParser
internal import ChatClient

struct EchoVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "Have the server give a text back.",
        discussion: "For servers that were started with --diagnostics.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Argument(help: "What to send.")
    var text = "echo"

    func perform(with client: ChatClient) async throws {
        let start = ContinuousClock.now
        let answer = String(decoding: try await client.echo(Array(text.utf8)), as: UTF8.self)
        let elapsed = ContinuousClock.now - start
        if printsJSON {
            let microseconds =
                elapsed.components.seconds * 1_000_000 + elapsed.components.attoseconds / 1_000_000_000_000
            let object: [(String, JSONText)] = [
                ("text", .string(answer)), ("round_trip_microseconds", .number(microseconds)),
            ]
            StandardOutput.write(JSONText.object(object).line)
        } else {
            StandardOutput.writeLine(PlainText.shown(answer))
        }
    }
}
