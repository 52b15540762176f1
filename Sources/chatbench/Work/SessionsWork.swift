// Reads of sessions: one, its messages, and a page of all.

internal import ChatClient

struct SessionsWork: Work {
    private static let pageSize = 20
    private let id: String
    private var step = 0

    init(caller: Int) { id = "\(RunName.prefix)-\(caller)" }

    mutating func prepare(_ client: ChatClient) async throws {
        _ = try await client.chat("Something to remember.", sessionID: id)
    }

    mutating func call(_ client: ChatClient) async throws -> CallOutcome {
        step += 1
        switch step % 3 {
        case 0:
            guard try await client.session(id).messageCount > 0 else {
                throw WrongAnswer(description: "the session lost its messages")
            }
        case 1:
            guard try await !client.listMessages(sessionID: id).messages.isEmpty else {
                throw WrongAnswer(description: "the session lost its messages")
            }
        default:
            guard try await !client.listSessions(pageSize: Self.pageSize).sessions.isEmpty else {
                throw WrongAnswer(description: "the list of sessions is empty")
            }
        }
        return CallOutcome()
    }

    mutating func finish(_ client: ChatClient) async { _ = try? await client.deleteSession(id) }
}
