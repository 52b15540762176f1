// `chatctl lock hold KEY`: keeps a lock, renewed by the server, until the program is stopped or the lock is lost.

internal import ArgumentParser
internal import ChatClient

struct LockHoldVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Keep a lock until Ctrl-C, and tell what becomes of it.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions
    @OptionGroup var lease: LeaseOptions

    @Argument(help: "What to lock.")
    var key: String

    func perform(with client: ChatClient) async throws {
        let events = client.holdLock(
            key, ttl: lease.ttl.duration, wait: lease.wait.duration, ownerLabel: lease.ownerLabel)
        for try await event in events {
            show(event)
            if case .lost(let lost) = event {
                throw ProgramFailure(.lockLost, "the lock on this key is lost: \(lost.reason.word)")
            }
        }
        throw ProgramFailure(.lockLost, "the server ended the lock without a word; take it for lost")
    }

    private func show(_ event: HoldLockEvent.Event) {
        let (name, members): (String, [(String, JSONText)])
        switch event {
        case .granted(let granted):
            (name, members) = (
                "granted",
                [
                    ("fence", .number(granted.fence)),
                    ("expires_in_milliseconds", .number(granted.expiresInMilliseconds)),
                ]
            )
        case .renewed(let renewed):
            (name, members) = ("renewed", [("expires_in_milliseconds", .number(renewed.expiresInMilliseconds))])
        case .lost(let lost): (name, members) = ("lost", [("reason", .string(lost.reason.word))])
        }
        if printsJSON {
            StandardOutput.write(
                JSONText.object([("event", .string(name)), ("key", .string(key))] + members).line)
        } else if case .granted(let granted) = event {
            StandardOutput.writeLine("granted, fence \(granted.fence)")
        } else if case .lost(let lost) = event {
            StandardOutput.writeLine("lost: \(lost.reason.word)")
        }
    }
}
