// A chatd for one test, and chatctl on it.

internal import Glibc

/// A chatd that listens on a port of its own.
package struct RunningServer: Sendable {
    package let program: ChildProgram
    /// HOST:PORT.
    package let address: String

    /// The server's port on 127.0.0.1.
    package var port: UInt16 {
        guard let port = address.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            preconditionFailure("\(address) ends with a port")
        }
        return port
    }

    /// Starts chatd with a scripted model and ends it, if it still runs, after `body`.
    ///
    /// - Parameter answers: the script's answers, as JSON; nil for the offline model.
    package static func with(
        answers: String? = nil, _ arguments: [String] = [], _ body: (RunningServer) async throws -> Void
    ) async throws {
        let script = try answers.map { try TemporaryFile(text: "{\"answers\": [\($0)]}") }
        defer { script?.remove() }
        try await with(model: script.map { "scripted:\($0.path)" } ?? "offline", arguments, body)
    }

    /// Starts chatd with a model and ends it, if it still runs, after `body`.
    package static func with(
        model: String, _ arguments: [String] = [], descriptors: Int? = nil, _ body: (RunningServer) async throws -> Void
    ) async throws {
        let server = try await start(model: model, arguments, descriptors: descriptors)
        defer { server.program.signal(SIGKILL) }
        try await body(server)
    }

    /// Starts chatd, which the caller ends.
    ///
    /// - Parameters:
    ///   - arguments: with `--store` where it should be another one than `memory:`.
    ///   - listen: where, for a server that takes the place of another.
    ///   - descriptors: how many the process may have open; nil for what this one may.
    package static func start(
        model: String, _ arguments: [String] = [], listen: String = "127.0.0.1:0", descriptors: Int? = nil
    ) async throws -> RunningServer {
        let store = arguments.contains("--store") ? [] : ["--store", "memory:"]
        let words = ["--listen", listen, "--model", model] + store + arguments
        let program =
            if let descriptors {
                try ChildProgram.start(
                    "/bin/sh",
                    ["-c", "ulimit -n \(descriptors); exec \"$0\" \"$@\"", BuiltPrograms.path(of: "chatd")] + words)
            } else {
                try ChildProgram.start("chatd", words)
            }
        let prefix = "chatd listening on "
        do {
            try await program.wait(for: "the line that it listens") {
                $0.output.contains(prefix) && $0.output.hasSuffix("\n")
            }
        } catch {
            program.signal(SIGKILL)
            throw error
        }
        guard let line = program.snapshot.output.split(separator: "\n").first(where: { $0.hasPrefix(prefix) }) else {
            preconditionFailure("the line was just seen")
        }
        return RunningServer(program: program, address: String(line.dropFirst(prefix.count)))
    }

    /// Starts chatctl on this server.
    package func start(
        _ arguments: String..., streams: ChildProgram.Streams = .pipes(input: nil)
    ) throws -> ChildProgram {
        try ChildProgram.start(
            "chatctl", arguments, variables: ["CHATCTL_SERVER": address], streams: streams)
    }

    /// Runs chatctl on this server to its end.
    package func run(_ arguments: String..., input: String? = nil) async throws -> ChildProgram.Snapshot {
        let program = try ChildProgram.start(
            "chatctl", arguments, variables: ["CHATCTL_SERVER": address], streams: .pipes(input: input))
        return try await program.end()
    }
}

/// A file that is gone after the test.
package struct TemporaryFile {
    package let path: String

    package init(text: String) throws {
        var template = Array("/tmp/chat-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw ChildProgram.GaveUp(description: "no temporary file") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let bytes = Array(text.utf8)
        let written = write(descriptor, bytes, bytes.count)
        close(descriptor)
        guard written == bytes.count else { throw ChildProgram.GaveUp(description: "\(path) cannot be written") }
    }

    package func remove() { unlink(path) }
}
