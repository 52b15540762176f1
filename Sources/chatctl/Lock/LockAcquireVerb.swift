// `chatctl lock acquire KEY`: takes a lease and leaves it to the caller to renew and release it.

internal import ArgumentParser
internal import ChatClient

struct LockAcquireVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "acquire", abstract: "Take a lease, and print its token and fence.",
        discussion: "With the token of a lease that lives it prints that one again, its time to live begun anew.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions
    @OptionGroup var lease: LeaseOptions
    @OptionGroup var given: TokenOption

    @Argument(help: "What to lock.")
    var key: String

    func perform(with client: ChatClient) async throws {
        let lease = try await client.acquireLock(
            key, ttl: lease.ttl.duration, wait: lease.wait.duration, ownerLabel: lease.ownerLabel,
            token: given.read() ?? LockToken())
        Self.show(lease, printsJSON)
    }

    static func show(_ lease: LockLease, _ printsJSON: Bool) {
        let expiresIn = (lease.expiresAt - .now).wholeMilliseconds
        if printsJSON {
            let object: [(String, JSONText)] = [
                ("key", .string(lease.key)), ("token", .string(lease.token.text)), ("fence", .number(lease.fence)),
                ("expires_in_milliseconds", .number(expiresIn)),
            ]
            StandardOutput.write(JSONText.object(object).line)
        } else {
            StandardOutput.write("token \(lease.token.text)\nfence \(lease.fence)\nexpires in \(expiresIn) ms\n")
        }
    }
}
