// Echoes: the road without model and store.

internal import ChatClient

struct EchoWork: Work {
    private let payload: [UInt8]

    init(payloadBytes: Int) { payload = [UInt8](repeating: UInt8(ascii: "x"), count: payloadBytes) }

    mutating func call(_ client: ChatClient) async throws -> CallOutcome {
        guard try await client.echo(payload) == payload else {
            throw WrongAnswer(description: "the echo is not what was sent")
        }
        return CallOutcome()
    }
}
