// `chatctl lock force-release KEY --fence N`: takes a lease away from its holder.

internal import ArgumentParser
internal import ChatClient

struct LockForceReleaseVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "force-release", abstract: "Take a lease away from its holder.",
        discussion: "The holder may go on working until it notices. Only the lease with this fence is taken.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Option(help: ArgumentHelp("Which lease, as lock inspect tells it.", valueName: "n"))
    var fence: UInt64

    @Argument(help: "What is locked.")
    var key: String

    func perform(with client: ChatClient) async throws {
        let label = try await client.forceReleaseLock(key, fence: fence)
        if printsJSON {
            let object: [(String, JSONText)] = [
                ("key", .string(key)), ("fence", .number(fence)), ("owner_label", .string(label)),
            ]
            StandardOutput.write(JSONText.object(object).line)
        } else {
            StandardOutput.writeLine("taken from \(PlainText.oneLine(label))")
        }
    }
}
