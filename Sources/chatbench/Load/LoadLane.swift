// The callers of one loop: each makes a call, notes how long it took, and makes the next.

internal import ChatClient
internal import IOLoop

/// Callers, their clients and what they counted, on one loop. Nothing of it is shared with other threads, so a call
/// costs no lock and no change of thread.
actor LoadLane {
    nonisolated let loop: IOLoop
    private var tally = Tally()
    private var isMeasuring = false
    private var isStopping = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Between a failed call and the next, so that a server that refuses all is not asked in a tight circle.
    private static let pauseAfterFailure = Duration.milliseconds(10)

    init(on loop: IOLoop) { self.loop = loop }

    /// Connects a client and sees that the server answers.
    func connect(_ client: ChatClient) async throws { _ = try await client.health() }

    /// Has a caller make what its calls need.
    func prepare<Kind: Work>(_ work: Kind, _ client: ChatClient) async throws -> Kind {
        var work = work
        try await work.prepare(client)
        return work
    }

    /// Makes calls until `stop()`; each has a time limit, so this ends soon after.
    func makeCalls<Kind: Work>(_ work: Kind, _ client: ChatClient) async {
        var work = work
        var began = ContinuousClock.now
        while !isStopping {
            do {
                let tokens = try await work.call(client)
                let ended = ContinuousClock.now
                if isMeasuring {
                    tally.latencies.record(nanoseconds: Self.nanoseconds(ended - began))
                    tally.tokens += tokens
                }
                began = ended
            } catch {
                if isMeasuring { tally.errors += 1 }
                tally.note("\(error)")
                try? await loop.sleep(until: .now + Self.pauseAfterFailure)
                began = .now
            }
        }
        await work.finish(client)
    }

    /// Counts calls that end from now on.
    func beginMeasuring() { isMeasuring = true }

    /// Counts no more, and has the callers end.
    func stop() {
        isMeasuring = false
        isStopping = true
    }

    var counted: Tally { tally }

    private static func nanoseconds(_ span: Duration) -> UInt64 {
        let (seconds, attoseconds) = span.components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
