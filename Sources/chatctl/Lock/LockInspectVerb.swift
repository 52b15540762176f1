// `chatctl lock inspect KEY`: who holds a lock. Needs no token.

internal import ArgumentParser
internal import ChatClient

struct LockInspectVerb: Verb {
    static let configuration = CommandConfiguration(commandName: "inspect", abstract: "Tell who holds a lock.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Argument(help: "What may be locked.")
    var key: String

    func perform(with client: ChatClient) async throws {
        let lock = try await client.inspectLock(key)
        if printsJSON {
            let object: [(String, JSONText)] = [
                ("key", .string(key)), ("held", .bool(lock.held)), ("fence", .number(lock.fence)),
                ("owner_label", .string(lock.ownerLabel)),
                ("expires_in_milliseconds", .number(lock.expiresInMilliseconds)), ("waiters", .number(lock.waiters)),
                ("acquired_unix_microseconds", .number(lock.acquiredUnixMicroseconds)),
            ]
            StandardOutput.write(JSONText.object(object).line)
        } else if lock.held {
            let time = PlainText.time(unixMicroseconds: lock.acquiredUnixMicroseconds)
            StandardOutput.write(
                "held by \(PlainText.oneLine(lock.ownerLabel)) since \(time)\nfence \(lock.fence)\n"
                    + "expires in \(lock.expiresInMilliseconds) ms\nwaiting \(lock.waiters)\n")
        } else {
            StandardOutput.writeLine("free")
        }
    }
}
