// What came of a run: its figures on one line, and what was wrong.

package import LockHistories

package struct SafetyReport: Sendable, CustomStringConvertible {
    package var plan: SafetyPlan
    package var acquisitions = 0
    package var serverPauses = 0
    package var serverKills = 0
    package var callerPauses = 0
    package var callerKills = 0
    package var written = CounterRegister.Values(fenced: 0, control: 0)
    package var lost = CounterRegister.Values(fenced: 0, control: 0)
    package var lateWrites = 0
    package var operations = 0
    package var openOperations = 0
    package var elapsed = Duration.zero
    package var checkTime = Duration.zero
    package var findings: [String] = []

    package var description: String {
        let seconds = { (time: Duration) in "\(Int(time / .seconds(1) * 10 + 0.5) / 10) s" }
        return
            "seed \(plan.seed), \(plan.store.prefix { $0 != "@" }), \(plan.servers) servers, \(plan.callers) callers, "
            + "\(plan.keys) keys, ttl \(plan.ttl): \(acquisitions) acquisitions; pauses: \(serverPauses) of servers, "
            + "\(callerPauses) of callers; kills: \(serverKills) of servers, \(callerKills) of callers; "
            + "increments: \(written.fenced) acknowledged, \(lost.fenced) lost, \(lateWrites) refused as late; "
            + "control without fences: \(written.control), \(lost.control) lost; checked: \(operations) calls, "
            + "\(openOperations) of them without an answer, in \(seconds(checkTime)); run: \(seconds(elapsed)); "
            + "findings: \(findings.count)"
    }
}
