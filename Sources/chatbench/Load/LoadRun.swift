// One run from connecting to the report: connect, prepare, warm up, measure, stop, tell.

internal import ChatClient
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
        let costs: LoadCosts
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
        OwnProcess.raiseDescriptorLimit()
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
        await pace()
        return await withTaskGroup(of: Void.self) { group in
            for caller in callers {
                group.addTask(executorPreference: caller.seat.lane.loop) {
                    await caller.seat.lane.makeCalls(caller.work, caller.seat.client)
                }
            }
            let alarm = Alarm()
            return await SignalWatch.shared.heeding(by: { alarm.ring() }) { await measure(server, until: alarm) }
        }
    }

    /// Gives each loop the part of the rate that its connections are of all.
    private func pace() async {
        guard let rate = options.rate else { return }
        for (index, lane) in lanes.enumerated() {
            let share = Double(seats.count { $0.lane === lane }) / Double(seats.count)
            let phase = Double(index) / Double(lanes.count)
            await lane.pace(
                by: ArrivalSchedule(
                    rate: rate * share, pattern: options.arrivals, phase: phase, seed: UInt64(index)))
        }
    }

    private func measure(_ server: ServerProcess?, until alarm: Alarm) async -> Measured {
        var progress = Progress(wanted: options.progress)
        await pass(.seconds(options.warmUp), isWarmUp: true, until: alarm, &progress)
        let cpuBefore = server?.cpuSeconds()
        let ownBefore = OwnProcess.cpuSeconds()
        let began = ContinuousClock.now
        for lane in lanes { await lane.beginMeasuring() }
        await pass(.seconds(options.duration), isWarmUp: false, until: alarm, &progress)
        var costs = LoadCosts(serverMemory: server?.memory())
        for lane in lanes { await lane.stop() }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        costs.clientCPUSeconds = OwnProcess.cpuSeconds() - ownBefore
        if let cpuBefore, let cpuAfter = server?.cpuSeconds() { costs.serverCPUSeconds = cpuAfter - cpuBefore }
        progress?.end()
        return Measured(seconds: seconds, costs: costs)
    }

    /// Lets the load go on for so long and tells each second how it goes.
    private func pass(
        _ duration: Duration, isWarmUp: Bool, until alarm: Alarm, _ progress: inout Progress?
    ) async {
        let end = ContinuousClock.now + duration
        while !alarm.isOver {
            let left = end - .now
            guard left > .zero else { return }
            await progress?.show(counted(), secondsLeft: left / .seconds(1), isWarmUp: isWarmUp)
            await alarm.sleep(until: progress == nil ? end : min(end, .now + Progress.interval))
        }
    }

    private func counted() async -> Tally {
        var tally = Tally()
        for lane in lanes { tally.add(await lane.counted) }
        return tally
    }

    private func close() async {
        for seat in seats { await seat.client.close() }
    }

    private func tell(_ measured: Measured) async throws {
        let tally = await counted()
        for failure in tally.failures { Terminal.say("\(failure.count) calls failed: \(failure.words)") }
        let report = Report(
            tally: tally, shape: options.shape, seconds: measured.seconds, costs: measured.costs,
            expectedIntervalMicroseconds: options.expectedInterval)
        Terminal.writeLine(options.json ? report.json : report.text)
        if let signal = SignalWatch.shared.first {
            throw ProgramFailure(words: "", status: ExitStatus.ended(by: signal))
        }
        guard !report.isUsable else { return }
        let words =
            tally.calls == 0
            ? "no call ended while it was measured"
            : "\(tally.errors) of \(tally.calls + tally.errors) calls failed: the figures mean nothing"
        throw ProgramFailure(words: words, status: ExitStatus.callsFailed)
    }
}
