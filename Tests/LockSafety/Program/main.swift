// Runs callers, servers and a nemesis, and says on one line what came of it; findings follow, and a status of 1.
// chatd is taken from the folder that CHAT_PROGRAMS names, or from beside this program.

import Glibc
import LockSafety

guard let plan = SafetyPlan(Array(CommandLine.arguments.dropFirst())) else {
    print(SafetyPlan.usage)
    print(
        "several servers, and --kill-servers, need a store that outlives them: redis://HOST:PORT/N, or sqlite: for one")
    exit(64)
}
do {
    let report = try await SafetyRun.run(plan)
    print("lock safety: \(report)")
    for finding in report.findings { print("finding: \(finding)") }
    exit(report.findings.isEmpty ? 0 : 1)
} catch {
    print("lock safety: seed \(plan.seed): \(error)")
    exit(1)
}
