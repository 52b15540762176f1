// ServerService: facts about this server. One file per method.

internal import ChatEngine
internal import ChatStubs

struct ServerService: ServerServiceMethods {
    let state: ServerState
    let clock: any EngineClock
    /// What does not change while the server runs.
    let facts: ServerFacts
}

/// What GetServerInfo tells of the configuration.
struct ServerFacts: Sendable {
    var services: [String]
    var model: String
    /// Empty when it is the same model.
    var streamModel: String
    var store: String
    var frameBytesMax: Int
    var messageBytesMax: Int
    var historyMessagesMax: Int
    /// Nil for ever.
    var sessionIdle: Duration?
}
