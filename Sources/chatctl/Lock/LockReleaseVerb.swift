// `chatctl lock release KEY --token TOKEN`.

internal import ArgumentParser
internal import ChatClient

struct LockReleaseVerb: Verb {
    static let configuration = CommandConfiguration(commandName: "release", abstract: "Give a lease back.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions
    @OptionGroup var given: TokenOption

    @Argument(help: "What is locked.")
    var key: String

    func perform(with client: ChatClient) async throws {
        try await client.releaseLock(key, token: given.readRequired())
        if printsJSON {
            StandardOutput.write(JSONText.object([("key", .string(key)), ("released", .bool(true))]).line)
        } else {
            StandardOutput.writeLine("released")
        }
    }
}
