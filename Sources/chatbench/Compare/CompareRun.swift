// A comparison from building the peers to the table: contests round by round, then what is measured once.

/// One comparison. What fails is left out and noted, and the rest goes on.
struct CompareRun {
    private let workshop: Workshop
    private let selection: Selection
    private let rounds: Int
    private let seconds: Double

    private var comparison = Comparison()
    private var footprints: [Footprint] = []
    private var notes = Notes()
    /// Peers that could not be built.
    private var brokenPeers: Set<Peer> = []
    /// Contestants that failed, by work: they are not tried again.
    private var failed: [ComparedWork: Set<Contestant>] = [:]

    private init(_ workshop: Workshop, _ selection: Selection, rounds: Int, seconds: Double) {
        self.workshop = workshop
        self.selection = selection
        self.rounds = rounds
        self.seconds = seconds
    }

    /// - Throws: `CancellationError`; all else becomes a note.
    static func table(
        _ workshop: Workshop, _ selection: Selection, rounds: Int, seconds: Double
    ) async throws -> ComparisonTable {
        var run = CompareRun(workshop, selection, rounds: rounds, seconds: seconds)
        try await run.buildPeers()
        if !selection.contests.isEmpty { try await run.measureContests() }
        for extra in Selection.Extra.allCases where selection.extras.contains(extra) {
            try await run.noting("\(extra.rawValue) could not be measured") { run in
                switch extra {
                case .memory: try await run.measureMemory()
                case .tokenLatency: try await run.measureTokenLatency()
                }
            }
        }
        return ComparisonTable(
            contests: selection.contests, comparison: run.comparison, footprints: run.footprints,
            notes: run.notes.lines,
            rounds: rounds, seconds: seconds)
    }

    /// Runs `body`; its failure becomes a note on `subject`.
    ///
    /// - Returns: false when it failed.
    @discardableResult
    private mutating func noting(
        _ subject: String, in work: ComparedWork? = nil, _ body: (inout CompareRun) async throws -> Void
    ) async throws -> Bool {
        do {
            try await body(&self)
            return true
        } catch let failure as ChildFailure {
            // A child that was ended because of Ctrl-C has not failed.
            try Task.checkCancellation()
            Terminal.say("\(subject): \(failure)")
            notes.add(subject, because: failure.description, in: work)
            return false
        }
    }

    // MARK: Contests

    private mutating func buildPeers() async throws {
        for peer in Peer.allCases where selection.peers.contains(peer) {
            Terminal.say("building \(peer.title)")
            let isBuilt = try await noting("\(peer.title) is not measured") { try await $0.workshop.build(peer) }
            if !isBuilt { brokenPeers.insert(peer) }
        }
    }

    private mutating func measureContests() async throws {
        let workshop = workshop
        try await workshop.withModel(["--tokens", String(ComparedWork.tokens)]) { modelURL in
            var surroundings = Workshop.Surroundings(modelURL: modelURL)
            guard selection.needsRedis else { return try await measureRounds(surroundings) }
            let isMeasured = try await noting("there is no Redis") { run in
                try await workshop.withRedis { port in
                    surroundings.redisPort = port
                    try await run.measureRounds(surroundings)
                }
            }
            if !isMeasured { try await measureRounds(surroundings) }
        }
    }

    private mutating func measureRounds(_ surroundings: Workshop.Surroundings) async throws {
        for round in 0..<rounds {
            for contest in selection.contests {
                // Every round in another order, so that no contestant is always the first.
                let count = contest.contestants.count
                for index in 0..<count {
                    let contestant = contest.contestants[(index + round) % count]
                    guard contestant.peers.isDisjoint(with: brokenPeers),
                        failed[contest.work]?.contains(contestant) != true
                    else { continue }
                    try await measure(contestant, in: contest.work, round: round, surroundings)
                }
            }
        }
    }

    private mutating func measure(
        _ contestant: Contestant, in work: ComparedWork, round: Int, _ surroundings: Workshop.Surroundings
    ) async throws {
        Terminal.say("round \(round + 1) of \(rounds): \(contestant.title), \(work.rawValue)")
        let since = round == 0 ? "" : " from round \(round + 1) on"
        let isMeasured = try await noting("\(contestant.title) is not measured\(since)", in: work) { run in
            let (workshop, seconds) = (run.workshop, run.seconds)
            var isChatd = false
            if case .chatd = contestant.server { isChatd = true }
            let line = try await workshop.with(contestant.server, surroundings) { server in
                try await workshop.measure(work, by: contestant.load, on: server, isChatd: isChatd, seconds: seconds)
            }
            if line.errors > 0 {
                let words = "\(line.errors) calls of round \(round + 1)"
                run.notes.add("\(contestant.title) failed some calls", because: words, in: work)
            }
            run.comparison.add(line.figures, of: contestant, in: work, round: round)
        }
        if !isMeasured { failed[work, default: []].insert(contestant) }
    }

    // MARK: Footprints

    private static let idleConnections = 10_000
    private static let openStreams = 1000
    /// Connections that the open streams are spread over.
    private static let streamConnections = 10
    /// How long nothing happens before memory is read.
    private static let holdSeconds = 2

    private mutating func measureMemory() async throws {
        let workshop = workshop
        // A token a second: every stream is still open when all of them are.
        try await workshop.withModel(["--tokens", "100", "--interval", "1000"]) { modelURL in
            let surroundings = Workshop.Surroundings(modelURL: modelURL)
            Terminal.say("memory of \(Self.idleConnections) connections")
            let hold = ["--hold", String(Self.holdSeconds)]
            let connections = try await workshop.withChatd(.memory, surroundings) { server in
                try await workshop.idle(["--connections", String(Self.idleConnections)] + hold, on: server)
            }
            footprints.append(.idle(.memory, bytes: connections.idleBytes))
            try await noting("`sqlite:` could not be measured") { run in
                let idle = try await workshop.withChatd(.sqlite, surroundings) { server in
                    try await workshop.idle(["--connections", "1", "--hold", "0"], on: server)
                }
                run.footprints.append(.idle(.sqlite, bytes: idle.idleBytes))
            }
            if let bytes = connections.bytesPerConnection {
                footprints.append(.perConnection(bytes: bytes, of: Self.idleConnections))
            }
            Terminal.say("memory of \(Self.openStreams) streams")
            let streams = try await workshop.withChatd(.memory, surroundings) { server in
                try await workshop.idle(
                    ["--connections", String(Self.streamConnections), "--streams", String(Self.openStreams)] + hold,
                    on: server)
            }
            if let bytes = streams.bytesPerStream {
                footprints.append(.perStream(bytes: bytes, of: Self.openStreams))
            }
        }
    }

    /// Between two tokens of a stream while their latency is measured: a model's hundred tokens a second. Sent all at
    /// once, most of their latency would be the wait for those before them.
    private static let tokenIntervalMilliseconds = 10
    /// Streams at a time on each of 16 connections: at that pace a little more than two cores can bear. Far above it,
    /// what is reached depends on how the three programs stand in each other's way.
    private static let latencyInFlight = 32
    /// Until so many streams, begun together, are spread over time; and at least so long it is measured, since one of
    /// them takes half a second at best.
    private static let latencyWarmUpSeconds = 2.0
    private static let latencySecondsMin = 3.0

    private mutating func measureTokenLatency() async throws {
        let workshop = workshop
        let seconds = max(seconds, Self.latencySecondsMin)
        let flags = [
            "--tokens", String(ComparedWork.tokens), "--interval", String(Self.tokenIntervalMilliseconds), "--stamp",
        ]
        let load = ["stream", "--connections", "16", "--in-flight", String(Self.latencyInFlight)]
        var rates: [Double] = []
        var middles: [Double] = []
        var tails: [Double] = []
        try await workshop.withModel(flags) { modelURL in
            for round in 0..<rounds {
                Terminal.say("round \(round + 1) of \(rounds): latency of a token")
                try await workshop.withChatd(.memory, Workshop.Surroundings(modelURL: modelURL)) { server in
                    let full = try await workshop.chatbench(
                        load, on: server, seconds: seconds, warmUp: Self.latencyWarmUpSeconds)
                    guard let most = full.figures[.callsPerSecond], most > 0 else { return }
                    let rate = most / 2
                    // At random: even arrivals would put the tokens of all streams into the same milliseconds.
                    let arrivals = ["--rate", Decimal.text(rate, digits: 2), "--arrivals", "poisson"]
                    let half = try await workshop.chatbench(
                        load + arrivals, on: server, seconds: seconds, warmUp: Self.latencyWarmUpSeconds)
                    guard let p50 = half.tokenP50Microseconds, let p99 = half.tokenP99Microseconds else { return }
                    rates.append(rate)
                    middles.append(p50)
                    tails.append(p99)
                }
            }
        }
        guard let rate = Median.of(rates), let p50 = Median.of(middles), let p99 = Median.of(tails) else { return }
        footprints.append(.addedLatency(part: "p50", microseconds: p50, turnsPerSecond: rate))
        footprints.append(.addedLatency(part: "p99", microseconds: p99, turnsPerSecond: rate))
    }
}
