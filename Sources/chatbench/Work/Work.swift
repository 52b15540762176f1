// What one caller does again and again. The kinds are in the files beside this one.

internal import ChatClient

/// A caller's work. Used by one task, on a loop.
protocol Work: Sendable {
    /// Before the load: makes what the calls need.
    mutating func prepare(_ client: ChatClient) async throws
    /// Makes one call.
    mutating func call(_ client: ChatClient) async throws -> CallOutcome
    /// After the load: gives back what is held.
    mutating func finish(_ client: ChatClient) async
}

extension Work {
    mutating func prepare(_ client: ChatClient) async throws {}
    mutating func finish(_ client: ChatClient) async {}
}

/// What a call that succeeded brought.
struct CallOutcome: Sendable {
    var tokens = 0
    /// From the model's sending of a token to its arrival, for each token that tells when it was sent.
    var tokenNanoseconds: [UInt64] = []
}

/// An answer that came and is wrong.
struct WrongAnswer: Error, CustomStringConvertible {
    let description: String
}

/// Names that no other run has used.
enum RunName {
    static let prefix = "chatbench-\(UInt64.random(in: .min ... .max))"
}
