// Whole answers.

internal import ChatClient

struct ChatWork: Work {
    private var conversation: Conversation

    init(_ conversation: Conversation) { self.conversation = conversation }

    mutating func call(_ client: ChatClient) async throws -> CallOutcome {
        let reply = try await client.chat(conversation.next())
        guard !reply.text.isEmpty else { throw WrongAnswer(description: "the answer is empty") }
        return CallOutcome(tokens: Int(clamping: reply.usage?.outputTokens ?? 0))
    }
}
