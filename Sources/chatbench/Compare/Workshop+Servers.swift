// The servers of a comparison, each in a process of its own while a closure runs.

/// A server that a load can be made on.
struct ServerAtWork: Sendable {
    /// HOST:PORT.
    let address: String
    let process: Int32
}

extension Workshop {
    /// The seed's interpreter reads some hundred files.
    private static let startLimit = Duration.seconds(30)
    /// Longer than all measurements on one server.
    private static let serverLimit = Duration.seconds(3600)

    /// What a server of turns needs beside it.
    struct Surroundings: Sendable {
        var modelURL: String
        /// Nil where none is started.
        var redisPort: UInt16?
    }

    /// Runs a server while `body` runs.
    func with<R>(
        _ server: Contestant.Server, _ surroundings: Surroundings, _ body: (ServerAtWork) async throws -> R
    ) async throws -> R {
        switch server {
        case .chatd(let store):
            return try await withChatd(store, surroundings, body)
        case .peer(let peer):
            var command = [script("serve", of: peer), output(of: peer)]
            if peer == .seed {
                command += ["--model-url", surroundings.modelURL]
                if let port = surroundings.redisPort { command += ["--redis-port", String(port)] }
            }
            return try await withServer("\(peer.rawValue)'s server", command, body)
        }
    }

    /// Runs a chatd while `body` runs.
    func withChatd<R>(
        _ store: ComparedStore, _ surroundings: Surroundings, _ body: (ServerAtWork) async throws -> R
    ) async throws -> R {
        let address: String
        var files: String?
        switch store {
        case .memory: address = "memory:"
        case .sqlite:
            let folder = "\(scratch)/sqlite"
            Files.makeFolder(folder)
            files = folder
            address = "sqlite:\(folder)/chat.db"
        case .redis:
            guard let port = surroundings.redisPort else {
                throw ChildFailure(description: "redis-server does not run")
            }
            address = "redis://127.0.0.1:\(port)/1"
        }
        // Each chatd begins with an empty store.
        defer { if let files { Files.removeFolder(files) } }
        let command = [
            "\(programs)/chatd", "--listen", "127.0.0.1:0", "--store", address, "--model",
            "openai:fake@\(surroundings.modelURL)", "--diagnostics", "--log-level", "warning", "--connections-max",
            "20000",
        ]
        return try await withServer("chatd with the store \(store.rawValue):", command + chatdFlags, body)
    }

    private func withServer<R>(
        _ name: String, _ command: [String], _ body: (ServerAtWork) async throws -> R
    ) async throws -> R {
        try await ChildProcess.with(name, command, limit: Self.serverLimit) { child in
            try await child.wait(for: "the line that it listens", within: Self.startLimit) {
                Self.address(in: $0.text) != nil
            }
            guard let address = Self.address(in: child.snapshot.text) else {
                throw child.failure("does not say where it listens")
            }
            return try await body(ServerAtWork(address: address, process: child.process))
        }
    }

    /// What a whole line `... listening on HOST:PORT` names.
    static func address(in text: String) -> String? {
        let words = "listening on "
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            guard let start = line.firstRange(of: words)?.upperBound else { continue }
            return String(line[start...].prefix { !$0.isWhitespace })
        }
        return nil
    }

    /// Runs a model in a process of its own while `body` runs.
    func withModel<R>(_ flags: [String], _ body: (_ baseURL: String) async throws -> R) async throws -> R {
        try await ChildProcess.with("the model", ["\(programs)/chatbench", "model"] + flags, limit: Self.serverLimit) {
            child in
            try await child.wait(for: "its base URL", within: Self.startLimit) { $0.text.hasSuffix("\n") }
            return try await body(String(child.snapshot.text.dropLast()))
        }
    }

    /// Runs a Redis that keeps nothing on disk while `body` runs.
    func withRedis<R>(_ body: (_ port: UInt16) async throws -> R) async throws -> R {
        guard let port = FreePort.find() else {
            throw ChildFailure(description: "there is no free port for redis-server")
        }
        let command = [
            "redis-server", "--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--daemonize", "no", "--dir", scratch,
        ]
        return try await ChildProcess.with("redis-server", command, limit: Self.serverLimit) { child in
            try await child.wait(for: "its first words", within: Self.startLimit) {
                $0.text.contains("Ready to accept connections")
            }
            return try await body(port)
        }
    }
}
