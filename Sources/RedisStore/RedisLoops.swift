// The clients of all loops: which one serves a call, and how a task waits for an answer.

internal import ChatEngine
internal import IOLoop
internal import Synchronization

/// One client for each loop. Called from any thread.
struct RedisLoops: Sendable {
    private let clients: [RedisClient]
    /// One for each loop as well, where writes wait for a replica; else empty.
    private let replicated: [ReplicatedWrites]

    init(_ clients: [RedisClient], replicated: [ReplicatedWrites] = []) {
        precondition(!clients.isEmpty, "a store has a loop at least")
        precondition(replicated.isEmpty || replicated.count == clients.count, "each loop has its own, or none has")
        self.clients = clients
        self.replicated = replicated
    }

    /// Every connection's client.
    var all: [RedisClient] { clients + replicated.map(\.client) }

    /// The client of the loop that runs this code, or the first.
    var here: RedisClient {
        guard clients.count > 1, let loop = IOLoop.current else { return clients[0] }
        return clients.first { $0.loop === loop } ?? clients[0]
    }

    /// Runs `body` on the client's loop: at once when that is here.
    static func on(_ client: RedisClient, _ body: @escaping @Sendable (RedisClient) -> Void) {
        if client.loop.isCurrent { body(client) } else { client.loop.execute { body(client) } }
    }

    // MARK: For tasks

    /// Runs a script and waits for its reply.
    ///
    /// - Parameters:
    ///   - what: as in `RedisFailure.engineError`.
    ///   - isCancellable: false where the caller must know the outcome; it waits for as long as a command may take.
    ///   - late: gets the reply, on the client's loop, when the task was cancelled before it came.
    /// - Throws: `EngineError`, `CancellationError`.
    func run(
        _ call: ScriptCall, _ what: String? = nil, isCancellable: Bool = true,
        late: (@Sendable (RedisValue) -> Void)? = nil
    ) async throws -> RedisValue {
        try await answer(what, isCancellable: isCancellable, late: late) { $0.run(call, $1) }.value
    }

    /// Runs a script that writes, and waits until a replica has what it wrote, where that is wanted, for a moment.
    ///
    /// - Returns: the reply, and whether a replica has it.
    /// - Throws: `EngineError`. Not stopped by its task's cancellation.
    func runWriting(_ call: ScriptCall, _ what: String) async throws -> (reply: RedisValue, isReplicated: Bool) {
        guard !replicated.isEmpty else { return (try await run(call, what, isCancellable: false), false) }
        let loop = here.loop
        let writes = replicated.first { $0.client.loop === loop } ?? replicated[0]
        let answer = Answer<(reply: RedisReply, isReplicated: Bool)>()
        let result = try await answer.wait(isCancellable: false) {
            Self.on(writes.client) { _ in
                writes.run(call) { outcome, isReplicated in
                    answer.finish(outcome.map { ($0, isReplicated) })
                }
            }
        }
        switch result {
        case .success(let answer): return (answer.reply.value, answer.isReplicated)
        case .failure(let failure): throw failure.engineError(what)
        }
    }

    /// Sends a command and waits for its reply; as `run`.
    func send(_ command: RedisCommand, _ what: String? = nil) async throws -> RedisValue {
        try await answer(what, isCancellable: true) { $0.send(command, $1) }.value
    }

    /// Runs scripts that change nothing, all in flight at once, and waits for their replies, in order.
    func runAll(_ calls: [ScriptCall]) async throws -> [RedisValue] {
        try await all(calls.count) { $0.run(calls[$1], $2) }
    }

    /// Sends commands that change nothing; as `runAll`.
    func sendAll(_ commands: [RedisCommand]) async throws -> [RedisValue] {
        try await all(commands.count) { $0.send(commands[$1], $2) }
    }

    private func all(
        _ count: Int, _ start: @escaping @Sendable (RedisClient, Int, @escaping RedisClient.Done) -> Void
    ) async throws -> [RedisValue] {
        guard count > 0 else { return [] }
        let client = here
        let replies = Replies(count)
        let answer = Answer<[Replies.Outcome]>()
        let all = try await answer.wait(isCancellable: true) {
            Self.on(client) { client in
                for index in 0..<count {
                    // Not the last one's alone: a script that is sent a second time comes behind it.
                    start(client, index) { outcome in
                        if let all = replies.set(index, outcome) { answer.finish(.success(all)) }
                    }
                }
            }
        }
        return try all.get().map { result in
            switch result {
            case .success(let reply): return reply.value
            case .failure(let failure): throw failure.engineError(nil)
            }
        }
    }

    private func answer(
        _ what: String?, isCancellable: Bool, late: (@Sendable (RedisValue) -> Void)? = nil,
        _ start: @escaping @Sendable (RedisClient, @escaping RedisClient.Done) -> Void
    ) async throws -> RedisReply {
        let client = here
        let waiting = Answer<RedisReply>()
        let result = try await waiting.wait(isCancellable: isCancellable) {
            Self.on(client) { client in
                start(client) { outcome in
                    if !waiting.finish(outcome), let late, case .success(let reply) = outcome { late(reply.value) }
                }
            }
        }
        switch result {
        case .success(let reply): return reply
        case .failure(let failure): throw failure.engineError(what)
        }
    }
}

/// Replies that come in any order.
private final class Replies: Sendable {
    typealias Outcome = Result<RedisReply, RedisFailure>

    private struct State {
        var outcomes: [Outcome?]
        var missing: Int
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(outcomes: Array(repeating: nil, count: count), missing: count)) }

    /// All of them, with the last one.
    func set(_ index: Int, _ outcome: Outcome) -> [Outcome]? {
        state.withLock { state in
            state.outcomes[index] = outcome
            state.missing -= 1
            return state.missing == 0 ? state.outcomes.compactMap { $0 } : nil
        }
    }
}
