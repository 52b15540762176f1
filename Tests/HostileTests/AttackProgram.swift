// The C program of Attack/, which a test builds once and runs on its server.

import Glibc
import ProgramSupport
import Testing

enum AttackProgram {
    /// Begun by the first test that asks.
    private static let built = Task { try await build() }

    private static func build() async throws -> String {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        let target = folder + "/../../.build/attack"
        mkdir(folder + "/../../.build", 0o755)
        mkdir(target, 0o755)
        let sources = ["attack", "frames", "good", "watch"].map { "\(folder)/Attack/\($0).c" }
        // Written beside and renamed: another test process may be running it.
        let written = "\(target)/attack-\(getpid())"
        let end = try await ChildProgram.start(
            "cc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", written] + sources + ["-lpthread"]
        ).end()
        try #require(end.status == 0, "\(end.errors)")
        rename(written, "\(target)/attack")
        return "\(target)/attack"
    }

    /// Runs an attack to its end and shows its figures.
    ///
    /// - Parameter bounds: as attack.c explains them; a passed one is the test's failure.
    static func run(
        _ attack: String, on server: RunningServer, connections: Int, seconds: Double, _ bounds: [String: Double]
    ) async throws {
        let arguments =
            ["\(server.port)", "\(server.program.process)", attack, "\(connections)", "\(seconds)"]
            + bounds.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let program = try await ChildProgram.start(built.value, arguments)
        defer { program.signal(SIGKILL) }
        let end = try await program.end(within: .seconds(300))
        Hostile.show(end.output.lines.first ?? "no figures of \(attack)")
        #expect(end.status == 0, "\(end.errors)")
    }
}

extension String {
    /// Its lines, without empty ones.
    var lines: [String] { split(separator: "\n").map(String.init) }
}
