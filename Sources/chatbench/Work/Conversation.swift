// Which session the next turn of a caller belongs to.

internal import ChatClient

/// A caller's sessions, one after another. They stay on the server.
struct Conversation: Sendable {
    private let message: String
    private let turnsPerSession: Int
    private let caller: Int
    private var turns = 0

    init(_ options: ConversationOptions, caller: Int) {
        message = options.message
        turnsPerSession = options.turnsPerSession
        self.caller = caller
    }

    mutating func next() -> ChatRequest {
        let session = turns / turnsPerSession
        turns += 1
        return ChatRequest(message: message, sessionID: "\(RunName.prefix)-\(caller)-\(session)")
    }
}
