// Where a comparison finds its programs and keeps its files, and the loads it makes with them.

/// Folders and the commands made of them. Its own folder is gone with `with`.
struct Workshop: Sendable {
    /// Holds chatd and this program.
    let programs: String
    /// Holds a folder for each peer.
    let peers: String
    /// What is built of each peer, in a folder with its name.
    let build: String
    /// More flags for chatd.
    let chatdFlags: [String]
    /// For files of this run.
    let scratch: String

    /// A virtual environment with packages from an index takes the longest.
    private static let buildLimit = Duration.seconds(900)

    /// Makes a folder for one run, and removes it afterwards.
    static func with<R>(
        programs: String, peers: String, build: String, chatdFlags: [String], _ body: (Workshop) async throws -> R
    ) async throws -> R {
        Files.makeFolder(build)
        let folder = Files.absolute(build)
        let scratch = try Files.makeOwnFolder(in: folder)
        defer { Files.removeFolder(scratch) }
        return try await body(
            Workshop(
                programs: Files.absolute(programs), peers: Files.absolute(peers), build: folder, chatdFlags: chatdFlags,
                scratch: scratch))
    }

    // MARK: Peers

    /// Builds a peer, or sees that it is built.
    func build(_ peer: Peer) async throws {
        Files.makeFolder(output(of: peer))
        _ = try await ChildProcess.run(
            "\(peer.rawValue)'s build", [script("build", of: peer), output(of: peer)], limit: Self.buildLimit)
    }

    func script(_ name: String, of peer: Peer) -> String { "\(peers)/\(peer.rawValue)/\(name)" }

    func output(of peer: Peer) -> String { "\(build)/\(peer.rawValue)" }

    // MARK: Loads

    /// More than a load takes beside what it measures: connecting, calls that are still under way.
    private static let loadSlack = Duration.seconds(40)
    static let warmUpSeconds = 1.0

    /// Makes load and returns its figures.
    ///
    /// - Throws: `ChildFailure` when it failed, or too many of its calls did.
    func measure(
        _ work: ComparedWork, by load: Contestant.Load, on server: ServerAtWork, isChatd: Bool, seconds: Double
    ) async throws -> LoadLine {
        let shape = ["--connections", String(work.connections), "--in-flight", String(work.inFlight)]
        switch load {
        case .chatbench:
            return try await chatbench([work.verb] + shape, on: server, seconds: seconds, warmUp: Self.warmUpSeconds)
        case .peer(let peer):
            var command = [script("load", of: peer), output(of: peer), work.verb] + shape
            if peer == .ttrpc { command += ["--service", isChatd ? "chatd" : "peer"] }
            return try await figures(
                "\(peer.rawValue)'s load", command, on: server, seconds: seconds, warmUp: Self.warmUpSeconds)
        }
    }

    /// Makes load by this program.
    func chatbench(
        _ arguments: [String], on server: ServerAtWork, seconds: Double, warmUp: Double
    ) async throws -> LoadLine {
        try await figures(
            "chatbench", ["\(programs)/chatbench"] + arguments + ["--json"], on: server, seconds: seconds,
            warmUp: warmUp)
    }

    private func figures(
        _ name: String, _ command: [String], on server: ServerAtWork, seconds: Double, warmUp: Double
    ) async throws -> LoadLine {
        let options = [
            "--server", server.address, "--duration", Decimal.text(seconds, digits: 3), "--warm-up",
            Decimal.text(warmUp, digits: 3), "--server-pid", String(server.process),
        ]
        let text = try await ChildProcess.run(
            name, command + options, limit: .seconds(seconds + warmUp) + Self.loadSlack)
        guard let line = LoadLine(text) else { throw ChildFailure(description: "\(name) printed no figures: \(text)") }
        return line
    }

    /// Opens connections and streams on a chatd that do nothing.
    func idle(_ arguments: [String], on server: ServerAtWork) async throws -> IdleLine {
        let command =
            ["\(programs)/chatbench", "idle", "--server", server.address, "--server-pid", String(server.process)]
            + arguments + ["--json"]
        let text = try await ChildProcess.run("chatbench idle", command, limit: Self.idleLimit)
        guard let line = IdleLine(text) else {
            throw ChildFailure(description: "chatbench idle printed no figures: \(text)")
        }
        return line
    }

    /// Ten thousand connections are made one batch after the other.
    private static let idleLimit = Duration.seconds(120)
}
