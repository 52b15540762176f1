// What a run does. The same run on one server in memory and on several on one Redis differs in these values alone.

package struct SafetyPlan: Sendable {
    package var seed: UInt64 = 1
    /// As chatd's `--store`.
    package var store = "memory:"
    /// More than one need a store that they share.
    package var servers = 1
    package var callers = 8
    package var keys = 6
    package var ttl = Duration.seconds(2)
    /// Ends the run when so many leases were granted, or when the time is over.
    package var acquisitions = 10_000
    package var duration = Duration.seconds(600)
    /// Between two acts of the nemesis.
    package var calm: ClosedRange<Int> = 200...1200
    /// How long a process is stopped, in milliseconds.
    package var pause: ClosedRange<Int> = 1000...5000
    package var pausesServers = true
    /// A store that outlives its process is needed.
    package var killsServers = false
    package var pausesCallers = true
    package var killsCallers = true
    /// More arguments for every chatd.
    package var arguments: [String] = []

    package init() {}

    /// What is wrong with it; nil for nothing.
    package var problem: String? {
        let isShared = store.hasPrefix("redis")
        if servers < 1 || callers < 1 || keys < 1 { return "a run has servers, callers and keys" }
        if servers > 1, !isShared { return "several servers need a store that they share, such as redis://" }
        if killsServers, store == "memory:" { return "memory: forgets its leases when its server is killed" }
        return nil
    }

    package static let usage = """
        lock-safety [--store URL] [--servers N] [--callers N] [--keys N] [--ttl-ms N] [--acquisitions N]
                    [--seconds N] [--seed N] [--kill-servers] [--no-pause-servers] [--no-callers-nemesis]
        """

    /// Reads a command line.
    ///
    /// - Returns: nil where it cannot be read.
    package init?(_ arguments: [String]) {
        self.init()
        var rest = arguments[...]
        func number() -> Int? { rest.popFirst().flatMap { Int($0) } }
        while let flag = rest.popFirst() {
            switch flag {
            case "--store":
                guard let value = rest.popFirst() else { return nil }
                store = value
            case "--servers": servers = number() ?? 0
            case "--callers": callers = number() ?? 0
            case "--keys": keys = number() ?? 0
            case "--ttl-ms": ttl = .milliseconds(number() ?? 0)
            case "--acquisitions": acquisitions = number() ?? 0
            case "--seconds": duration = .seconds(number() ?? 0)
            case "--seed": seed = UInt64(number() ?? 0)
            case "--kill-servers": killsServers = true
            case "--no-pause-servers": pausesServers = false
            case "--no-callers-nemesis": (pausesCallers, killsCallers) = (false, false)
            default: return nil
            }
        }
        guard problem == nil, ttl >= .milliseconds(100), acquisitions > 0, duration > .zero else { return nil }
    }
}
