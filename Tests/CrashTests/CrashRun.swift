// A crash run: callers work without a pause while their server is killed again and again, at seeded moments, with a
// power failure in between. After each start the conversations are read back and held against what callers were told.

import ChatClient
import EngineConformance
import FakeModel
import Glibc
import IOLoop
import Synchronization
import Testing

/// What a run does.
struct CrashPlan: Sendable {
    var seed: UInt64
    var kills: Int
    var callers = 16
    var sessions = 8
    /// How power fails after each kill; one is drawn for each.
    var cuts = CutStyle.allCases
    /// False for the store that forgets everything.
    var isDurable = true
    /// True for a disk that says that it has synced, and has not.
    var skipsSync = false
    /// New sessions after so many rounds, so that reading them back stays quick.
    static let roundsPerEpoch = 8

    var losesTurns: Bool { !isDurable || skipsSync }
}

/// What came of it.
struct CrashReport: Sendable, CustomStringConvertible {
    var seed: UInt64
    var kills = 0
    var pending = 0
    var dropped = 0
    var torn = 0
    var figures = Ledger.Figures()
    var lost = 0
    var modelCalls = 0
    var turns = 0
    var findings: [Finding] = []

    func count(_ kind: Finding.Kind) -> Int { findings.count { $0.kind == kind } }

    var description: String {
        "seed \(seed): \(kills) kills; \(turns) turns asked, \(figures.acknowledged) acknowledged, "
            + "\(figures.retried) retried, \(figures.replayed) of them answered from the store, "
            + "\(figures.askedAgain) asked again after that; \(lost) lost, \(count(.duplicated)) duplicated, "
            + "\(count(.half)) half, \(count(.outOfOrder)) out of order; \(modelCalls) model calls; "
            + "\(figures.leases) leases, \(figures.leasesKept) of them across a restart; "
            + "power cuts: \(pending) changes not synced, \(dropped) dropped, \(torn) torn"
    }
}

/// One run.
final class CrashRun: Sendable {
    private enum Kill: CustomStringConvertible {
        case at(KillPoint)
        case afterAnswers(Int)
        case afterTime(Duration)
        var description: String {
            switch self {
            case .at(let point): "\(point)"
            case .afterAnswers(let count): "after \(count) answers"
            case .afterTime(let time): "after \(time)"
            }
        }
    }
    private struct State {
        var epoch = 0
        /// Answers until the server is killed.
        var answersLeft: Int?
        var report: CrashReport
    }

    private let plan: CrashPlan
    private let server: CrashServer
    private let gate = ServerGate()
    private let ledger = Ledger()
    private let state: Mutex<State>

    private init(_ plan: CrashPlan, _ server: CrashServer) {
        self.plan = plan
        self.server = server
        state = Mutex(State(report: CrashReport(seed: plan.seed)))
    }

    /// Does what the plan says, and ends with every turn answered and every conversation read back, twice: from the
    /// last server, and from one that was started after a clean end.
    static func run(_ plan: CrashPlan) async throws -> CrashReport {
        try await CrashModel.with(seed: plan.seed) { model in
            let server = try await CrashServer(
                model: model.baseURL, isDurable: plan.isDurable,
                variables: plan.skipsSync ? ["POWERLOSS_SYNC": "skip"] : [:])
            defer { server.killLeftover() }
            let run = CrashRun(plan, server)
            try await run.run()
            var report = run.state.withLock { $0.report }
            report.figures = run.ledger.figures
            report.findings = run.ledger.findings
            report.lost = run.ledger.lostCount
            report.turns = run.ledger.turnCount
            report.modelCalls = try await model.requestCount()
            return report
        }
    }

    private func run() async throws {
        var random = SeededGenerator(seed: plan.seed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            addCallers(to: &group)
            do {
                for round in 0..<plan.kills { try await life(round, using: &random) }
                try await server.startWell()
                gate.open()
                try await readBack(ledger.sessions)
                gate.stop()
                try await group.waitForAll()
            } catch {
                server.killLeftover()
                group.cancelAll()
                gate.stop()
                throw error
            }
        }
        try await readBack(ledger.sessions)
        server.signal(SIGTERM)
        let end = try await server.end()
        if end.status != 0 { ledger.report(.refused, "chatd ended with \(end.status ?? -1): \(end.output)") }
        guard plan.isDurable else { return }
        try await server.startWell()
        try await readBack(ledger.sessions)
    }

    private func addCallers(to group: inout ThrowingTaskGroup<Void, any Error>) {
        let context = CallerContext(
            addresses: [server.address], gate: gate, ledger: ledger, epoch: { [self] in state.withLock { $0.epoch } },
            acknowledged: { [self] in acknowledged() }, expectsLoss: plan.losesTurns)
        for number in 0..<plan.callers {
            let seed = plan.seed &* 1_000 &+ UInt64(number)
            group.addTask { [plan] in
                var caller = TurnCaller(
                    context: context, number: number, sessionCount: plan.sessions, random: SeededGenerator(seed: seed))
                try await caller.run()
            }
        }
        let board = LockBoard()
        for number in 0..<Self.lockCallers {
            let caller = LockCaller(
                context: context, number: number, board: board, isShared: number >= Self.lockCallers - 2)
            group.addTask { try await caller.run() }
        }
    }

    private static let lockCallers = 5

    private func acknowledged() {
        let kills = state.withLock { state in
            guard let left = state.answersLeft else { return false }
            state.answersLeft = left > 1 ? left - 1 : nil
            return left == 1
        }
        if kills { server.signal(SIGKILL) }
    }

    // MARK: One life of the server

    private func life(_ round: Int, using random: inout SeededGenerator) async throws {
        state.withLock { $0.epoch = round / CrashPlan.roundsPerEpoch }
        let kill = drawKill(using: &random)
        let style = plan.cuts.randomElement(using: &random)!
        let old = ledger.sessions.randomElement(using: &random)
        var point: KillPoint?
        if case .at(let drawn) = kill { point = drawn }
        if try await server.start(killing: point) {
            gate.open()
            do {
                try await readBack(ledger.sessions.suffix(2 * plan.sessions) + (old.map { [$0] } ?? []))
            } catch let error as ChatClientError {
                // A server that dies as soon as it is started is read back the next time.
                guard let point, !point.waitsForArming, error.retryable else { throw error }
            }
            switch kill {
            case .at: try server.arm()
            case .afterAnswers(let count): state.withLock { $0.answersLeft = count }
            case .afterTime(let time):
                try await Task.sleep(for: time)
                server.signal(SIGKILL)
            }
        }
        let end = try await server.end()
        gate.close()
        guard end.wasKilled else {
            throw RunningProgram.Failure(
                description: "seed \(plan.seed), round \(round), \(kill): chatd ended by itself: \(end.output)")
        }
        state.withLock { $0.report.kills += 1 }
        // Without a power failure what is not synced stays so, and the next one may drop it.
        if style != .keepsAll {
            let outcome = try server.cut.apply(style, using: &random)
            state.withLock { state in
                state.report.pending += outcome.pending
                state.report.dropped += outcome.dropped
                state.report.torn += outcome.torn
            }
        }
        guard plan.isDurable else { return }
        let integrity = try await Tools.integrity(of: server.database, in: server.folder)
        if integrity != "ok" { ledger.report(.damaged, "round \(round), \(kill), \(style): \(integrity)") }
    }

    private func drawKill(using random: inout SeededGenerator) -> Kill {
        guard plan.isDurable else { return .afterAnswers(Int.random(in: 1...24, using: &random)) }
        let moment = KillPoint.Moment.allCases.randomElement(using: &random)!
        func point(_ kind: KillPoint.Kind, upTo number: Int, waitsForArming: Bool = true) -> Kill {
            let number = Int.random(in: 1...number, using: &random)
            return .at(KillPoint(kind: kind, number: number, moment: moment, waitsForArming: waitsForArming))
        }
        return switch Int.random(in: 0..<100, using: &random) {
        case ..<12: point(.storage, upTo: 16, waitsForArming: false)
        case ..<45: point(.storage, upTo: 80)
        case ..<60: point(.sync, upTo: 12)
        case ..<70: point(.write, upTo: 80)
        case ..<78: point(.reply, upTo: 60)
        case ..<90: .afterAnswers(Int.random(in: 1...24, using: &random))
        default: .afterTime(.milliseconds(Int.random(in: 0...60, using: &random)))
        }
    }

    private func readBack(_ sessions: some Collection<String>) async throws {
        try await ReadBack(ledger: ledger).read(Array(sessions), from: [server.address])
    }
}

/// Reads conversations while callers work, and holds them against the ledger.
struct ReadBack {
    let ledger: Ledger

    func read(_ sessions: [String], from addresses: [String]) async throws {
        let client = try ChatClient(addresses: addresses)
        do {
            for session in sessions { try await read(session, client) }
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    private func read(_ session: String, _ client: ChatClient) async throws {
        let before = ledger.turns(of: session)
        let countBefore = try await messageCount(session, client)
        var messages: [SeenMessage] = []
        do {
            for try await message in client.messages(sessionID: session, pageSize: 500) {
                messages.append(
                    SeenMessage(isUser: message.role == .user, text: message.text, turnID: message.turnID))
            }
        } catch {
            guard error.code == .notFound else { throw error }
            messages = []
        }
        let countAfter = try await messageCount(session, client)
        let check = ConversationCheck(
            session: session, messages: messages, before: before, after: ledger.turns(of: session))
        ledger.take(check.findings, lost: check.lost, seen: check.seen)
        if messages.count < countBefore || messages.count > countAfter {
            ledger.report(
                .wrongCount, "\(session): \(messages.count) messages, counted \(countBefore) to \(countAfter)")
        }
    }

    private func messageCount(_ session: String, _ client: ChatClient) async throws -> Int {
        do {
            return Int(try await client.session(session).messageCount)
        } catch {
            guard error.code == .notFound else { throw error }
            return 0
        }
    }
}

/// A model whose every answer is another one: a number, and the question.
struct CrashModel: Sendable {
    private let model: FakeModel
    private let loop: LoopActor
    let baseURL: String

    /// More than a run asks in a row of one turn, so that an answer that was made anew is known by its number.
    private static let answersMax = 4096

    static func with<R: Sendable>(seed: UInt64, _ body: (CrashModel) async throws -> R) async throws -> R {
        let loop = LoopActor(try IOLoop(label: "crash-model"))
        let model = try await loop.run { actor in
            var random = SeededGenerator(seed: seed)
            let scripts = (0..<answersMax).map { number in
                FakeModelScript(
                    [.role, .token("answer-\(number)"), .token(" "), .echo, .finish("stop"), .usage, .done],
                    interval: .microseconds(Int.random(in: 0...2000, using: &random)))
            }
            var limits = FakeModelLimits()
            limits.recordsMax = 0
            let model = FakeModel(on: actor.loop, scripts: scripts, limits: limits)
            try model.start()
            return CrashModel(model: model, loop: loop, baseURL: model.baseURL)
        }
        do {
            let result = try await body(model)
            try await model.stop()
            return result
        } catch {
            try await model.stop()
            throw error
        }
    }

    func requestCount() async throws -> Int { try await loop.run { _ in model.requestCount } }

    private func stop() async throws { try await loop.run { _ in model.stop() } }
}
