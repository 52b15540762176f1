// A chatd for one test, and chatctl on it.

import Glibc
import Testing

/// A chatd that listens on a port of its own.
struct RunningServer: Sendable {
    let program: ChildProgram
    /// HOST:PORT.
    let address: String

    /// Starts chatd with a scripted model and ends it, if it still runs, after `body`.
    ///
    /// - Parameter answers: the script's answers, as JSON; nil for the offline model.
    static func with(
        answers: String? = nil, _ arguments: [String] = [], _ body: (RunningServer) async throws -> Void
    ) async throws {
        let script = try answers.map { try TemporaryFile(text: "{\"answers\": [\($0)]}") }
        defer { script?.remove() }
        let program = try ChildProgram.start(
            "chatd",
            ["--listen", "127.0.0.1:0", "--model", script.map { "scripted:\($0.path)" } ?? "offline"]
                + (arguments.contains("--store") ? [] : ["--store", "memory:"]) + arguments)
        defer { program.signal(SIGKILL) }
        let prefix = "chatd listening on "
        try await program.wait(for: "the line that it listens") {
            $0.output.contains(prefix) && $0.output.hasSuffix("\n")
        }
        let line = try #require(program.snapshot.output.split(separator: "\n").first { $0.hasPrefix(prefix) })
        try await body(RunningServer(program: program, address: String(line.dropFirst(prefix.count))))
    }

    /// Starts chatctl on this server.
    func start(_ arguments: String..., streams: ChildProgram.Streams = .pipes(input: nil)) throws -> ChildProgram {
        try ChildProgram.start(
            "chatctl", arguments, variables: ["CHATCTL_SERVER": address], streams: streams)
    }

    /// Runs chatctl on this server to its end.
    func run(_ arguments: String..., input: String? = nil) async throws -> ChildProgram.Snapshot {
        let program = try ChildProgram.start(
            "chatctl", arguments, variables: ["CHATCTL_SERVER": address], streams: .pipes(input: input))
        return try await program.end()
    }
}

/// A file that is gone after the test.
struct TemporaryFile {
    let path: String

    init(text: String) throws {
        var template = Array("/tmp/chat-end-to-end-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let bytes = Array(text.utf8)
        let written = write(descriptor, bytes, bytes.count)
        close(descriptor)
        try #require(written == bytes.count)
    }

    func remove() { unlink(path) }
}
