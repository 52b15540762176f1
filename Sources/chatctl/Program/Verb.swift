// What all verbs share: a connection that is opened before and closed after.

internal import ArgumentParser
internal import ChatClient

/// A command that talks to a server. Conforming types are one file each.
protocol Verb: AsyncParsableCommand, Sendable {
    var connection: ConnectionOptions { get }

    /// Does the work, on the main actor; prints to `StandardOutput`.
    ///
    /// - Throws: `ChatClientError` or `ProgramFailure`, which ProgramRun turns into words and an exit code.
    func perform(with client: ChatClient) async throws
}

extension Verb {
    var printsJSON: Bool { connection.json }

    func run() async throws {
        try await withChatClient(to: connection.addresses, options: connection.clientOptions) { client in
            try await perform(with: client)
        }
    }
}
