// Locks taken and given back, without contention.

internal import ChatClient

struct LockWork: Work {
    private let key: String
    private var held: LockToken?

    init(caller: Int) { key = "\(RunName.prefix)-\(caller)" }

    mutating func call(_ client: ChatClient) async throws -> CallOutcome {
        if let token = held {
            held = nil
            try await client.releaseLock(key, token: token)
        } else {
            held = try await client.acquireLock(key).token
        }
        return CallOutcome()
    }

    mutating func finish(_ client: ChatClient) async {
        // A lease that cannot be given back ends by itself.
        if let token = held { try? await client.releaseLock(key, token: token) }
    }
}
