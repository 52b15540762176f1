// Connections and streams that are open and do nothing: what they take of the server's memory.

internal import ArgumentParser
internal import ChatClient
internal import Glibc
internal import IOLoop

struct IdleVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract:
            "Opens connections, and streams on them, that do nothing; tells what each takes of the server's memory.",
        discussion: """
            Each connection makes one call and is silent. Streams need a model that answers slowly, such as that of: \
            chatbench model --tokens 100 --interval 1000. The server must be a process of this machine.
            """)

    @Option(help: ArgumentHelp("The server.", valueName: "host:port"))
    var server = "127.0.0.1:\(ChatClient.defaultPort)"

    @Option(help: ArgumentHelp("TCP connections.", valueName: "n"))
    var connections = 1000

    @Option(help: ArgumentHelp("Streams, over all connections.", valueName: "n"))
    var streams = 0

    @Option(help: ArgumentHelp("How long nothing happens before memory is read.", valueName: "seconds"))
    var hold = 2.0

    @Option(help: ArgumentHelp("A call's time limit, and a stream's to begin.", valueName: "seconds"))
    var timeout = 30.0

    @Option(help: ArgumentHelp("The server's process. (default: who listens on its port)", valueName: "pid"))
    var serverPid: Int32?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(connections) else { throw ValidationError("--connections is 1 to 100000") }
        guard (0...100_000).contains(streams) else { throw ValidationError("--streams is 0 to 100000") }
        guard hold >= 0, hold <= 3600 else { throw ValidationError("--hold is 0 to 3600 seconds") }
        guard timeout >= 0.01, timeout <= 3600 else { throw ValidationError("--timeout is 0.01 to 3600 seconds") }
    }

    func run() async throws {
        OwnProcess.raiseDescriptorLimit()
        guard let process = ServerProcess.find(named: serverPid, or: server) else {
            throw ProgramFailure(
                words: "the server is no process of this machine that may be looked at", status: ExitStatus.unavailable)
        }
        let report: IdleReport
        do {
            report = try await IdleRun(self, process).run()
        } catch let error as SystemError {
            throw ProgramFailure(words: error.description, status: ExitStatus.unavailable)
        }
        Terminal.writeLine(json ? report.json : report.text)
    }
}

private struct IdleRun {
    private let options: IdleVerb
    private let process: ServerProcess
    private let lane: LoadLane

    /// Connections made at a time: fewer than a listener's backlog holds.
    private static let batch = 128

    init(_ options: IdleVerb, _ process: ServerProcess) throws {
        self.options = options
        self.process = process
        lane = LoadLane(on: try IOLoop(label: "chatbench-idle"))
    }

    func run() async throws -> IdleReport {
        let first = try client()
        try await lane.connect(first)
        let idleBytes = try residentBytes()

        var clients: [ChatClient] = []
        while clients.count < options.connections {
            let batch = try (0..<min(Self.batch, options.connections - clients.count)).map { _ in try client() }
            try await connect(batch)
            clients += batch
        }
        try await hold()
        let connectionsBytes = try residentBytes()
        let streamsBytes = options.streams > 0 ? try await streamsBytes(on: clients) : nil
        for client in clients + [first] { await client.close() }
        return IdleReport(
            idleBytes: idleBytes, connections: options.connections, connectionsBytes: connectionsBytes,
            streams: options.streams, streamsBytes: streamsBytes)
    }

    private func client() throws -> ChatClient {
        var client = ChatClientOptions()
        client.attemptsMax = 1
        client.callsInFlightMax = max(1, options.streams)
        client.connectionAgeMax = nil
        client.callTimeout = .seconds(options.timeout)
        client.chatTimeout = .seconds(options.timeout + options.hold)
        // A ping and its answer are no rest.
        client.pingInterval = .seconds(3600)
        return try ChatClient(addresses: [options.server], options: client, on: lane.loop)
    }

    private func connect(_ batch: [ChatClient]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in batch {
                group.addTask(executorPreference: lane.loop) { [lane] in try await lane.connect(client) }
            }
            try await group.waitForAll()
        }
    }

    private func hold() async throws { try await Task.sleep(for: .seconds(options.hold)) }

    private func residentBytes() throws -> Int {
        guard let memory = process.memory() else {
            throw ProgramFailure(words: "the server is gone", status: ExitStatus.unavailable)
        }
        return memory.residentBytes
    }

    /// Opens the streams, and reads the server's memory when all of them have begun and a while has passed.
    private func streamsBytes(on clients: [ChatClient]) async throws -> Int {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
            for index in 0..<options.streams {
                let client = clients[index % clients.count]
                group.addTask(executorPreference: lane.loop) { [lane] in
                    // However it ends, nobody waits for it longer.
                    defer { beginning.finish() }
                    try await lane.holdStream(index, client) { beginning.yield() }
                }
            }
            var count = 0
            for await _ in begun {
                count += 1
                if count == options.streams { break }
            }
            guard count == options.streams else {
                // The failure of the first that ended says why.
                try await group.next()
                throw ProgramFailure(
                    words: "a stream ended before \(options.streams) had begun: the model answers too quickly",
                    status: ExitStatus.callsFailed)
            }
            try await hold()
            let bytes = try residentBytes()
            group.cancelAll()
            return bytes
        }
    }
}

extension LoadLane {
    /// Opens a stream and reads it to its end.
    ///
    /// - Parameter begun: called when its first piece came.
    func holdStream(_ index: Int, _ client: ChatClient, begun: @Sendable () -> Void) async throws {
        let request = ChatRequest(message: "Take your time.", sessionID: "\(RunName.prefix)-idle-\(index)")
        var hasBegun = false
        for try await event in client.streamChat(request) {
            guard !hasBegun, case .text = event else { continue }
            hasBegun = true
            begun()
        }
    }
}
