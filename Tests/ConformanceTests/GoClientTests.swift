// The ttrpc Go client of Debian's packages against our server: a real child process, built from Tests/Conformance/go.

import ConformancePeer
import Glibc
import IOLoop
import Testing

@Suite("The ttrpc Go client", .timeLimit(.minutes(10)))
struct GoClientTests {
    private static let packages = """
        this test needs Debian's packages golang-go and golang-github-containerd-ttrpc-dev; `make test` installs them, \
        or run: apt-get install golang-go golang-github-containerd-ttrpc-dev
        """
    private static let source = GoldenFile.testsFolder + "/Conformance/go/main.go"
    private static let buildFolder = GoldenFile.testsFolder + "/../.build/conformance"

    /// Go reads its compiled packages from its cache in the build folder, so only the first build takes long.
    private func build() async throws -> String {
        mkdir(GoldenFile.testsFolder + "/../.build", 0o755)
        mkdir(Self.buildFolder, 0o755)
        let program = Self.buildFolder + "/go-client"
        let result = try await ChildProcess.run(
            "go", ["build", "-o", program, Self.source],
            environment: [
                // Debian's libraries lie in a GOPATH, not in modules.
                "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "CGO_ENABLED": "0",
                "GOCACHE": Self.buildFolder + "/go-cache",
            ])
        guard let result else { throw BuildFailure(description: "there is no program `go`: \(Self.packages)") }
        guard result.status == 0 else {
            throw BuildFailure(description: "the Go client does not build: \(Self.packages)\n\(result.output)")
        }
        return program
    }

    @Test("is answered as it expects: calls side by side, deadlines, refusals, statuses, metadata")
    func client() async throws {
        let program = try await build()
        try await ScriptedServer.with(loops: 2) { server in
            let result = try await ChildProcess.run(program, [server.address.description])
            let output = try #require(result?.output)
            #expect(result?.status == 0, "\(output)")
            #expect(!output.contains("FAILED"), "\(output)")
            #expect(output.contains("passed: echo at the end"), "\(output)")
            // The first Hang was left to its deadline at the client; all of them have ended here.
            let ended = server.calls.lines.filter { $0.hasPrefix("Hang") }
            #expect(ended.allSatisfy { $0 == "Hang DEADLINE_EXCEEDED" })
        }
    }

    private struct BuildFailure: Error, CustomStringConvertible { let description: String }
}
