// One run from connecting to the report: connect, prepare, warm up, measure, stop, tell.

internal import ChatClient
internal import Glibc
internal import IOLoop

/// A run of one kind of work.
struct LoadRun<Kind: Work> {
    private let options: LoadOptions
    /// One for each loop.
    private let lanes: [LoadLane]
    /// One for each connection.
    private let seats: [Seat]

    /// A connection's client, and the lane of its loop.
    private struct Seat: Sendable {
        let client: ChatClient
        let lane: LoadLane
    }

    /// A task that makes calls.
    private struct Caller: Sendable {
        let seat: Seat
        let work: Kind
    }

    private struct Measured: Sendable {
        let seconds: Double
        let serverCPUSeconds: Double?
        let serverResidentBytes: Int?
    }

    private init(_ options: LoadOptions) throws {
        self.options = options
        let made: [LoadLane]
        do {
            made = try (0..<options.loops).map { LoadLane(on: try IOLoop(label: "chatbench-\($0)")) }
        } catch let error as SystemError {
            throw ProgramFailure(words: error.description, status: ExitStatus.unavailable)
        }
        lanes = made
        seats = try (0..<options.connections).map { index in
            let lane = made[index % made.count]
            return Seat(
                client: try ChatClient(addresses: [options.server], options: options.client, on: lane.loop), lane: lane)
        }
    }

    /// Makes load and prints what came of it.
    ///
    /// - Parameter work: the work of the caller with this number, counted from 0.
    /// - Throws: `ProgramFailure`; `ChatClientError` when no server answers.
    static func run(_ options: LoadOptions, _ work: (_ caller: Int) -> Kind) async throws {
        raiseDescriptorLimit()
        let server = ServerProcess.find(named: options.serverPid, or: options.server)
        if server == nil, let pid = options.serverPid {
            throw ProgramFailure(words: "process \(pid) cannot be looked at", status: ExitStatus.unavailable)
        }
        let run = try LoadRun(options)
        try await run.connect()
        let callers = try await run.prepare((0..<options.callers).map(work))
        let measured = await run.makeLoad(callers, server)
        await run.close()
        try await run.tell(measured)
    }

    // MARK: Steps

    private func connect() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seat in seats {
                group.addTask(executorPreference: seat.lane.loop) { try await seat.lane.connect(seat.client) }
            }
            try await group.waitForAll()
        }
    }

    private func prepare(_ works: [Kind]) async throws -> [Caller] {
        try await withThrowingTaskGroup(of: Caller.self) { group in
            for (index, work) in works.enumerated() {
                let seat = seats[index % seats.count]
                group.addTask(executorPreference: seat.lane.loop) {
                    Caller(seat: seat, work: try await seat.lane.prepare(work, seat.client))
                }
            }
            var callers: [Caller] = []
            for try await caller in group { callers.append(caller) }
            return callers
        }
    }

    private func makeLoad(_ callers: [Caller], _ server: ServerProcess?) async -> Measured {
        await withTaskGroup(of: Void.self) { group in
            for caller in callers {
                group.addTask(executorPreference: caller.seat.lane.loop) {
                    await caller.seat.lane.makeCalls(caller.work, caller.seat.client)
                }
            }
            return await measure(server)
        }
    }

    private func measure(_ server: ServerProcess?) async -> Measured {
        try? await Task.sleep(for: .seconds(options.warmUp))
        let cpuBefore = server?.cpuSeconds()
        let began = ContinuousClock.now
        for lane in lanes { await lane.beginMeasuring() }
        try? await Task.sleep(for: .seconds(options.duration))
        let residentBytes = server?.residentBytes()
        for lane in lanes { await lane.stop() }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        var cpuSeconds: Double?
        if let cpuBefore, let cpuAfter = server?.cpuSeconds() { cpuSeconds = cpuAfter - cpuBefore }
        return Measured(seconds: seconds, serverCPUSeconds: cpuSeconds, serverResidentBytes: residentBytes)
    }

    private func close() async {
        for seat in seats { await seat.client.close() }
    }

    private func tell(_ measured: Measured) async throws {
        var tally = Tally()
        for lane in lanes { tally.add(await lane.counted) }
        for failure in tally.failures { Terminal.say("\(failure.count) calls failed: \(failure.words)") }
        let report = Report(
            tally: tally, connections: options.connections, inFlight: options.inFlight, seconds: measured.seconds,
            serverCPUSeconds: measured.serverCPUSeconds, serverResidentBytes: measured.serverResidentBytes)
        Terminal.writeLine(options.json ? report.json : report.text)
        guard !report.isUsable else { return }
        let words =
            tally.calls == 0
            ? "no call ended while it was measured"
            : "\(tally.errors) of \(tally.calls + tally.errors) calls failed: the figures mean nothing"
        throw ProgramFailure(words: words, status: ExitStatus.callsFailed)
    }

    /// The soft limit is often 1024, for programs that still use select(2).
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        // Where it is refused, connecting says which limit was met.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
