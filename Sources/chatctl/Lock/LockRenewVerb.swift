// `chatctl lock renew KEY --token TOKEN`.

internal import ArgumentParser
internal import ChatClient

struct LockRenewVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "renew", abstract: "Begin a lease's time to live anew.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions
    @OptionGroup var given: TokenOption

    @Option(help: ArgumentHelp("How long the lease lives from now on.", valueName: "time"))
    var ttl: TimeSpan = "10s"

    @Argument(help: "What is locked.")
    var key: String

    func perform(with client: ChatClient) async throws {
        let lease = try await client.renewLock(key, token: given.readRequired(), ttl: ttl.duration)
        LockAcquireVerb.show(lease, printsJSON)
    }
}
