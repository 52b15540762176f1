// Attacks on one chatd each, with a client that behaves beside them. Attack/attack.c says what each one does and what
// the bounds mean; the figures go to standard output.

import ProgramSupport
import Testing

extension Hostile {
    @Suite("Attacks")
    struct AttackTests {
        /// One attack and what it may cost.
        struct Attack: Sendable, CustomStringConvertible {
            var name: String
            /// Connections at a time in the ordinary tests and in the long tier.
            var connections: (short: Int, full: Int)
            var seconds = 1.0
            /// chatd's flags beside the usual ones.
            var flags: [String] = []
            /// Descriptors that chatd may have open; nil for as many as there are.
            var descriptors: Int?
            var bounds: [String: Double]

            var description: String { name }
        }

        /// What may stay after an attack: twice what chatd finds worth giving back.
        private static let keptMebibytes = 16.0

        static let floods = [
            Attack(name: "ping-flood", connections: (16, 100), bounds: ["closed_min": 16]),
            Attack(name: "ping-flood-deaf", connections: (16, 100), bounds: ["closed_min": 16]),
            // Real work, as much as a hundred clients can ask for: 18 to 283 ms were measured.
            Attack(
                name: "echo-flood", connections: (16, 100), bounds: ["peak_mib": 100, "p99_ms": 500, "fresh_ms": 1000]),
            Attack(
                name: "echo-flood-deaf", connections: (16, 100), seconds: 3, flags: ["--write-timeout", "1s"],
                bounds: ["peak_mib": 200, "closed_min": 16]),
            Attack(name: "nonsense-flood", connections: (16, 100), bounds: ["peak_mib": 60, "closed_min": 16]),
            Attack(name: "nonsense-flood-deaf", connections: (16, 100), bounds: ["peak_mib": 60, "closed_min": 16]),
            Attack(name: "refused-flood", connections: (16, 100), bounds: ["peak_mib": 100]),
            Attack(
                name: "refused-flood-deaf", connections: (16, 100), seconds: 3, flags: ["--write-timeout", "1s"],
                bounds: ["peak_mib": 100, "closed_min": 16]),
            Attack(name: "other-protocol", connections: (16, 100), bounds: ["peak_mib": 20, "closed_min": 100]),
        ]

        static let waits = [
            Attack(
                name: "slow-header", connections: (500, 5000), seconds: 6, flags: ["--frame-timeout", "2s"],
                bounds: ["peak_mib": 100, "released_s": 5, "closed_min": 500]),
            Attack(
                name: "slow-frame", connections: (500, 5000), seconds: 6, flags: ["--frame-timeout", "2s"],
                bounds: ["peak_mib": 100, "released_s": 5, "closed_min": 500]),
            // The memory for slow peers is 256 MiB; beyond it the oldest frames go.
            Attack(
                name: "half-frames", connections: (400, 2000), seconds: 5, flags: ["--frame-timeout", "3s"],
                bounds: ["peak_mib": 360, "closed_min": 400]),
            Attack(
                name: "silent", connections: (500, 9000), seconds: 5, flags: ["--idle-timeout", "1s"],
                bounds: ["peak_mib": 100, "released_s": 5]),
            // More than there are descriptors for: the others wait in the backlog, and so would a new good client.
            Attack(name: "silent", connections: (200, 200), seconds: 2, descriptors: 64, bounds: ["fresh_ms": 0]),
        ]

        /// Those that take their time.
        static let longWaits = [
            // Ten thousand idle ones, as many as may connect; those that do not answer a PING are closed.
            Attack(
                name: "greeted", connections: (500, 9990), seconds: 8, flags: ["--ping-interval", "1s"],
                bounds: ["peak_mib": 100, "released_s": 28, "fresh_ms": 400]),
            // And more than may: the rest is closed at once. They may stay, since nothing says that they are dead.
            Attack(
                name: "silent", connections: (500, 11_000), seconds: 3,
                bounds: ["peak_mib": 100, "closed_min": 1000, "fresh_ms": 0]),
        ]

        @Test("floods are borne, and the good client is served", arguments: floods)
        func flood(_ attack: Attack) async throws { try await run(attack) }

        @Test("peers that never finish are closed, and the good client is served", arguments: waits)
        func wait(_ attack: Attack) async throws { try await run(attack) }

        @Test("ten thousand connections are borne", .enabled(if: Hostile.isFull), arguments: longWaits)
        func longWait(_ attack: Attack) async throws { try await run(attack) }

        private func run(_ attack: Attack) async throws {
            var bounds = attack.bounds
            // In the ordinary tests chatd is built for debugging, and attackers, server and client share two cores.
            bounds["p99_ms"] = bounds["p99_ms"] ?? (Hostile.isFull ? 100 : 500)
            bounds["fresh_ms"] = bounds["fresh_ms"] ?? (Hostile.isFull ? 200 : 1000)
            bounds["kept_mib"] = bounds["kept_mib"] ?? Self.keptMebibytes
            bounds["rounds"] = Hostile.isFull ? 3 : 2
            let flags = Hostile.flags + ["--diagnostics"] + attack.flags
            try await RunningServer.with(model: "offline", flags, descriptors: attack.descriptors) { server in
                try await AttackProgram.run(
                    attack.name, on: server,
                    connections: Hostile.size(short: attack.connections.short, full: attack.connections.full),
                    seconds: attack.seconds * (Hostile.isFull ? 4 : 1), bounds)
            }
        }
    }
}
