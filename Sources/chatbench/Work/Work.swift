// What one caller does again and again. The kinds are in the files beside this one.

internal import ChatClient

/// A caller's work. Used by one task, on a loop.
protocol Work: Sendable {
    /// Before the load: makes what the calls need.
    mutating func prepare(_ client: ChatClient) async throws
    /// Makes one call.
    ///
    /// - Returns: the tokens that it brought.
    mutating func call(_ client: ChatClient) async throws -> Int
    /// After the load: gives back what is held.
    mutating func finish(_ client: ChatClient) async
}

extension Work {
    mutating func prepare(_ client: ChatClient) async throws {}
    mutating func finish(_ client: ChatClient) async {}
}

/// An answer that came and is wrong.
struct WrongAnswer: Error, CustomStringConvertible {
    let description: String
}

/// Names that no other run has used.
enum RunName {
    static let prefix = "chatbench-\(UInt64.random(in: .min ... .max))"
}
