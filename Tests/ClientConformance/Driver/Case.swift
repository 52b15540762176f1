// What a case has: its addresses, a client on them, and the words with which it asks for what the servers should do.

import ChatClient
import Glibc

/// What went otherwise than the case says.
struct Failed: Error, CustomStringConvertible {
    var description: String
}

struct Case: Sendable {
    let addresses: [String]

    /// A client with the library's defaults.
    func client() throws -> ChatClient { try ChatClient(addresses: addresses) }

    /// Has the servers do something, and returns when it is done.
    func order(_ words: String) throws {
        say("do \(words)")
        guard readLine() == "done" else { throw Failed(description: "the runner is gone") }
    }

    /// Ends the case unless something is so.
    func check(_ isSo: Bool, _ words: @autoclosure () -> String) throws {
        guard isSo else { throw Failed(description: words()) }
    }

    /// Runs a call that must fail within `limit`, in one of these ways: CODE or CODE REASON.
    @discardableResult
    func failure(
        _ expected: String..., atLeast: Duration = .zero, within limit: Duration = .seconds(5),
        _ call: () async throws -> Void
    ) async throws -> ChatClientError {
        let begin = ContinuousClock.now
        do {
            try await call()
        } catch let error as ChatClientError {
            let took = ContinuousClock.now - begin
            try check(took <= limit && took >= atLeast, "it took \(took)")
            let names = [error.code.rawValue, "\(error.code.rawValue) \(error.reason)"]
            try check(expected.contains { names.contains($0) }, "\(error)")
            return error
        }
        throw Failed(description: "it did not fail with \(expected)")
    }
}

/// One line to the runner.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    precondition(write(STDOUT_FILENO, bytes, bytes.count) == bytes.count, "the runner reads what it is told")
}
