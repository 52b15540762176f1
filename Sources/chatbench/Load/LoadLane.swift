// The callers of one loop: each makes a call, notes how long it took, and makes the next, at once or when it is due.

internal import ChatClient
internal import IOLoop

/// Callers, their clients and what they counted, on one loop. Nothing of it is shared with other threads, so a call
/// costs no lock and no change of thread.
actor LoadLane {
    nonisolated let loop: IOLoop
    private var tally = Tally()
    private var isMeasuring = false
    private var isStopping = false
    /// For a fixed rate.
    private var pacer: Pacer?

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

    /// Calls are due by this schedule from now on, instead of whenever a caller is free.
    func pace(by schedule: ArrivalSchedule) { pacer = Pacer(schedule, from: .now, on: loop) }

    /// Makes calls until `stop()`; each has a time limit, so this ends soon after.
    func makeCalls<Kind: Work>(_ work: Kind, _ client: ChatClient) async {
        var work = work
        if let pacer {
            while let arrival = await pacer.next() {
                if isMeasuring, arrival.waitedForCaller { tally.lateCalls += 1 }
                _ = await makeCall(&work, client, countedFrom: arrival.due)
            }
        } else {
            var began = ContinuousClock.now
            while !isStopping {
                if let ended = await makeCall(&work, client, countedFrom: began) {
                    began = ended
                } else {
                    try? await loop.sleep(until: .now + Self.pauseAfterFailure)
                    began = .now
                }
            }
        }
        await work.finish(client)
    }

    /// - Returns: when it ended; nil for a call that failed.
    private func makeCall<Kind: Work>(
        _ work: inout Kind, _ client: ChatClient, countedFrom began: ContinuousClock.Instant
    ) async -> ContinuousClock.Instant? {
        do {
            let outcome = try await work.call(client)
            let ended = ContinuousClock.now
            if isMeasuring {
                tally.latencies.record(nanoseconds: Self.nanoseconds(ended - began))
                tally.tokens += outcome.tokens
                for delay in outcome.tokenNanoseconds { tally.tokenLatencies.record(nanoseconds: delay) }
            }
            return ended
        } catch {
            if isMeasuring { tally.errors += 1 }
            tally.note("\(error)")
            return nil
        }
    }

    /// Counts calls that end from now on.
    func beginMeasuring() { isMeasuring = true }

    /// Counts no more, and has the callers end.
    func stop() {
        isMeasuring = false
        isStopping = true
        if let pacer { tally.unbegunCalls += pacer.end() }
    }

    var counted: Tally { tally }

    private static func nanoseconds(_ span: Duration) -> UInt64 {
        let (seconds, attoseconds) = span.components
        return UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
    }
}
