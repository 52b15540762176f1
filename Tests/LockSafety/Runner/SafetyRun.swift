// A run: servers, callers and a nemesis, until enough leases were granted; then the counters and the histories are
// held against what the locks promise.

import LockHistories

package enum SafetyRun {
    /// How often the run looks whether it is over.
    private static let look = Duration.milliseconds(20)
    /// What callers said last is read by then.
    private static let readingLimit = Duration.seconds(30)
    /// So many pauses of callers that some lost an update where nothing checks fences.
    private static let pausesThatBite = 20

    /// Does what the plan says.
    package static func run(_ plan: SafetyPlan) async throws -> SafetyReport {
        let book = RunBook(acquisitionsMax: plan.acquisitions)
        let socket = try RunnerSocket(book)
        defer { socket.close() }
        let fleet = try Fleet(plan, socket)
        defer { fleet.killAll() }
        let nemesis = Nemesis(plan, fleet, book)
        let begin = ContinuousClock.now
        try await fleet.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await nemesis.run() }
            group.addTask {
                while !book.isOver, .now < begin + plan.duration { try await Task.sleep(for: look) }
                book.stop()
            }
            // A nemesis without acts is over at once.
            while !book.isOver { _ = try await group.next() }
            group.cancelAll()
            try await group.waitForAll()
        }
        fleet.continueAll()
        var report = SafetyReport(plan: plan)
        report.findings = await fleet.end()
        let limit = ContinuousClock.now + readingLimit
        while book.talking > 0, .now < limit { try await Task.sleep(for: look) }
        if book.talking > 0 { report.findings.append("what callers said was not read to the end") }
        report.elapsed = .now - begin
        take(nemesis.acts, book, into: &report)
        check(book.history, into: &report)
        return report
    }

    private static func take(_ acts: Nemesis.Acts, _ book: RunBook, into report: inout SafetyReport) {
        report.acquisitions = book.acquisitions
        report.serverPauses = acts.serverPauses
        report.serverKills = acts.serverKills
        report.callerPauses = acts.callerPauses
        report.callerKills = acts.callerKills
        report.written = book.register.written
        report.lost = book.register.lost
        report.lateWrites = book.register.lateWrites
        report.findings += book.troubles
        if report.lost.fenced > 0 {
            report.findings.append("\(report.lost.fenced) increments are lost in spite of fences")
        }
        if report.acquisitions == 0 { report.findings.append("no lease was granted") }
        if acts.callerPauses >= pausesThatBite, report.plan.pause.upperBound > Int(report.plan.ttl / .milliseconds(1)),
            report.lost.control == 0
        {
            report.findings.append("nothing was lost without fences, so the run shows nothing")
        }
    }

    private static func check(_ history: [LockOperation], into report: inout SafetyReport) {
        let begin = ContinuousClock.now
        report.operations = history.count
        report.openOperations = history.count { $0.outcome == .unknown }
        report.findings += FenceCheck.findings(history)
        for (_, operations) in Dictionary(grouping: history, by: \.key).sorted(by: { $0.key < $1.key }) {
            do throws(SearchGaveUp) {
                if case .illegal(let words) = try LeaseSearch.check(operations) { report.findings.append(words) }
            } catch {
                report.findings.append("\(error)")
            }
        }
        report.checkTime = .now - begin
    }
}
