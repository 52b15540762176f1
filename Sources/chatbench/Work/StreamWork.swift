// Streamed answers, read to their end. The client library checks that no piece is missing.

internal import ChatClient
internal import FakeModel

struct StreamWork: Work {
    private var conversation: Conversation

    init(_ conversation: Conversation) { self.conversation = conversation }

    mutating func call(_ client: ChatClient) async throws -> CallOutcome {
        var outcome = CallOutcome()
        for try await event in client.streamChat(conversation.next()) {
            guard case .text(let text) = event else { continue }
            outcome.tokens += 1
            if text.first == FakeModelStamp.mark {
                outcome.tokenNanoseconds += FakeModelStamp.ages(in: text)
            }
        }
        guard outcome.tokens > 0 else { throw WrongAnswer(description: "the answer is empty") }
        return outcome
    }
}
