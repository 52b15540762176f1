// Stops and kills the processes of a run, at moments and for spans that a seed decides.

import EngineConformance
import Glibc
import Synchronization

/// Works until it is cancelled; its acts end by themselves after that, or at once where they only wait.
final class Nemesis: Sendable {
    struct Acts: Sendable {
        var serverPauses = 0
        var serverKills = 0
        var callerPauses = 0
        var callerKills = 0
    }
    private enum Act: CaseIterable {
        case pauseServer, killServer, pauseCaller, trapCaller, killCaller
    }

    private let plan: SafetyPlan
    private let fleet: Fleet
    private let book: RunBook
    private let done = Mutex(Acts())

    init(_ plan: SafetyPlan, _ fleet: Fleet, _ book: RunBook) {
        self.plan = plan
        self.fleet = fleet
        self.book = book
    }

    var acts: Acts { done.withLock { $0 } }

    func run() async throws {
        var random = SeededGenerator(seed: plan.seed)
        let acts = acts(of: plan)
        guard !acts.isEmpty else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            while !Task.isCancelled {
                let calm = Int.random(in: plan.calm, using: &random)
                guard (try? await Task.sleep(for: .milliseconds(calm))) != nil else { break }
                let act = acts.randomElement(using: &random)!
                let pause = Duration.milliseconds(Int.random(in: plan.pause, using: &random))
                switch act {
                case .pauseServer:
                    guard let index = fleet.take(.server, using: &random) else { continue }
                    group.addTask { await self.pause(.server, index, for: pause) }
                case .pauseCaller:
                    guard let index = fleet.take(.caller, using: &random) else { continue }
                    group.addTask { await self.pause(.caller, index, for: pause) }
                case .trapCaller:
                    trap(for: pause)
                case .killServer:
                    guard let index = fleet.take(.server, using: &random) else { continue }
                    group.addTask { try await self.killServer(index, downFor: pause / 10) }
                case .killCaller:
                    guard let index = fleet.take(.caller, using: &random) else { continue }
                    group.addTask { try await self.killCaller(index) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func acts(of plan: SafetyPlan) -> [Act] {
        var acts: [Act] = []
        if plan.pausesServers { acts.append(.pauseServer) }
        if plan.killsServers { acts.append(.killServer) }
        if plan.pausesCallers { acts += [.pauseCaller, .trapCaller, .trapCaller] }
        if plan.killsCallers { acts.append(.killCaller) }
        return acts
    }

    private func pause(_ kind: Fleet.Kind, _ index: Int, for time: Duration) async {
        fleet.signal(kind, index, SIGSTOP)
        count(kind)
        // A run that ends lets everything go on at once.
        try? await Task.sleep(for: time)
        fleet.signal(kind, index, SIGCONT)
        fleet.giveBack(kind, index)
    }

    private func count(_ kind: Fleet.Kind) {
        done.withLock { acts in
            if kind == .server { acts.serverPauses += 1 } else { acts.callerPauses += 1 }
        }
    }

    /// Stops the next caller that has read a counter, before it can write it.
    private func trap(for time: Duration) {
        book.setTrap { [self] name in
            guard let index = fleet.takeCaller(named: name) else { return }
            fleet.signal(.caller, index, SIGSTOP)
            count(.caller)
            // The caller's thread must not wait for this; the end of the run lets all processes go on.
            Task {
                try? await Task.sleep(for: time)
                fleet.signal(.caller, index, SIGCONT)
                fleet.giveBack(.caller, index)
            }
        }
    }

    private func killServer(_ index: Int, downFor time: Duration) async throws {
        try await fleet.kill(.server, index)
        done.withLock { $0.serverKills += 1 }
        try? await Task.sleep(for: time)
        try await fleet.startServer(index)
        fleet.giveBack(.server, index)
    }

    private func killCaller(_ index: Int) async throws {
        try await fleet.kill(.caller, index)
        done.withLock { $0.callerKills += 1 }
        try fleet.startCaller(index)
        fleet.giveBack(.caller, index)
    }
}
