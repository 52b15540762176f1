// Writes that wait until a replica has them. WAIT speaks of all that its own connection wrote, and holds up what comes
// behind it, so these writes have a connection of their own, and all that come while it waits share the next one.

internal import IOLoop

/// One loop's writes that are to be replicated. Used on its loop only.
final class ReplicatedWrites: @unchecked Sendable {
    // Because it is used on its loop alone, as its client is.
    typealias Done = (Result<RedisReply, RedisFailure>, _ isReplicated: Bool) -> Void

    /// Writes that went out together, and what came back for each so far.
    private final class Batch {
        let writes: [(call: ScriptCall, done: Done)]
        var results: [Result<RedisReply, RedisFailure>?]
        var isOver = false

        init(_ writes: [(call: ScriptCall, done: Done)]) {
            self.writes = writes
            results = Array(repeating: nil, count: writes.count)
        }
    }

    let client: RedisClient
    private var waiting: [(call: ScriptCall, done: Done)] = []
    private var isUnderWay = false

    /// How long a replica may take. The write stands in any case; its caller is told what was reached.
    static let waitMax = Duration.milliseconds(500)

    /// - Parameter client: nobody else's.
    init(_ client: RedisClient) { self.client = client }

    /// Runs a script that writes. `done` is called exactly once.
    func run(_ call: ScriptCall, _ done: @escaping Done) {
        client.loop.preconditionOnLoop()
        waiting.append((call, done))
        if !isUnderWay { sendAll() }
    }

    private func sendAll() {
        guard !waiting.isEmpty else { return }
        let batch = Batch(waiting)
        waiting = []
        isUnderWay = true
        for index in batch.writes.indices {
            client.run(batch.writes[index].call) { result in
                // One that was sent a second time comes behind the answer to WAIT, which did not count it.
                if batch.isOver { return batch.writes[index].done(result, false) }
                batch.results[index] = result
            }
        }
        let milliseconds = Self.waitMax.components.attoseconds / 1_000_000_000_000_000
        client.send(RedisCommand("WAIT", "1", String(milliseconds))) { [self] outcome in
            var isReplicated = false
            if case .success(let reply) = outcome { isReplicated = (reply.value.integer ?? 0) >= 1 }
            batch.isOver = true
            for (write, result) in zip(batch.writes, batch.results) {
                if let result { write.done(result, isReplicated) }
            }
            isUnderWay = false
            sendAll()
        }
    }
}
