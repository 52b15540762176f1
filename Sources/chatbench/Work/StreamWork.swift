// Streamed answers, read to their end. The client library checks that no piece is missing.

internal import ChatClient

struct StreamWork: Work {
    private var conversation: Conversation

    init(_ conversation: Conversation) { self.conversation = conversation }

    mutating func call(_ client: ChatClient) async throws -> Int {
        var pieces = 0
        for try await event in client.streamChat(conversation.next()) {
            if case .text = event { pieces += 1 }
        }
        guard pieces > 0 else { throw WrongAnswer(description: "the answer is empty") }
        return pieces
    }
}
