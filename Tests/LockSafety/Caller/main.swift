// A process that takes locks and increments counters under them, for as long as its runner says. It is a process and
// not a task so that it can be stopped and killed like any user of the locks.
// Usage: lock-caller RUNNER-PORT NAME SEED TTL-MILLISECONDS PREFIX KEYS RELEASES SERVER[,SERVER...]
// The keys are PREFIX-0, PREFIX-1 and so on.
// RELEASES is `library`, or `wire` for releases that are sent once, whose answers say exactly what happened.

import Glibc

let words = CommandLine.arguments
guard words.count == 9, let port = UInt16(words[1]), let seed = UInt64(words[3]), let ttl = Int64(words[4]),
    let keys = Int(words[6]), keys > 0
else {
    write(STDERR_FILENO, "lock-caller: see the comment at the top of its main.swift\n", 58)
    exit(64)
}
signal(SIGPIPE, SIG_IGN)
let runner = try RunnerLine(port: port)
try runner.say("name \(words[2])")
let caller = try LockCaller(
    runner: runner, name: words[2], seed: seed, ttl: .milliseconds(ttl), prefix: words[5], keys: keys,
    sendsReleasesOnce: words[7] == "wire", servers: words[8].split(separator: ",").map(String.init))
try await caller.run()
exit(0)
