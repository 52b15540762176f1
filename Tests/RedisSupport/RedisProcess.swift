// A redis-server of the test's own, on a port and in a folder of its own. It can be killed, paused and started again on
// what it left.

internal import Glibc
internal import ProgramSupport
internal import Synchronization

/// A real redis-server. Ends with `stop()`, or with the test process.
package final class RedisProcess: Sendable {
    package let port: UInt16
    package let folder: String
    private let arguments: [String]
    private let program: Mutex<ChildProgram>

    package struct DidNotStart: Error, CustomStringConvertible {
        package let description: String
    }

    /// Starts one and waits until it takes connections.
    ///
    /// - Parameter arguments: as on redis-server's command line, with PORT for its port; nothing is saved unless they
    ///   say so.
    package static func start(_ arguments: [String] = []) async throws -> RedisProcess {
        let (folder, port) = (try makeFolder(), try freePort())
        let all =
            ["--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--daemonize", "no"]
            + arguments.map { $0 == "PORT" ? "\(port)" : $0 }
        let child = try await launch(all)
        return RedisProcess(port: port, folder: folder, arguments: all, child)
    }

    /// Starts a sentinel that watches a master by the name `mymaster` and takes a second of silence for its end.
    ///
    /// - Parameter quorum: how many sentinels must agree.
    package static func startSentinel(watching master: RedisProcess, quorum: Int) async throws -> RedisProcess {
        let (folder, port) = (try makeFolder(), try freePort())
        let lines = """
            port \(port)
            bind 127.0.0.1
            dir \(folder)
            sentinel monitor mymaster 127.0.0.1 \(master.port) \(quorum)
            sentinel down-after-milliseconds mymaster 1000
            sentinel failover-timeout mymaster 4000

            """
        let path = folder + "/redis.conf"
        guard let file = fopen(path, "w") else { throw DidNotStart(description: "\(path) cannot be written") }
        fputs(lines, file)
        fclose(file)
        let arguments = [path, "--sentinel"]
        let child = try await launch(arguments, until: "+monitor master mymaster")
        return RedisProcess(port: port, folder: folder, arguments: arguments, child)
    }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/chat-redis-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw DidNotStart(description: "there is no room in /tmp") }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private init(port: UInt16, folder: String, arguments: [String], _ child: ChildProgram) {
        self.port = port
        self.folder = folder
        self.arguments = arguments
        program = Mutex(child)
    }

    package var url: String { "redis://127.0.0.1:\(port)" }

    private var child: ChildProgram { program.withLock { $0 } }

    package func signal(_ number: Int32) { child.signal(number) }

    /// kill -9, and waits for the end.
    package func kill() async throws {
        signal(SIGKILL)
        try await child.end()
    }

    /// Waits for its end, which somebody else caused.
    package func ended() async throws { try await child.end() }

    /// Ends it in order, and waits for the end.
    package func stop() async throws {
        signal(SIGCONT)
        signal(SIGTERM)
        try await child.end()
        for name in ["dump.rdb", "redis.sock", "redis.conf"] { unlink(folder + "/" + name) }
        rmdir(folder)
    }

    /// Starts it again after it ended, on the same port and folder.
    package func restart() async throws {
        let child = try await Self.launch(arguments)
        program.withLock { $0 = child }
    }

    private static func launch(
        _ arguments: [String], until words: String = "Ready to accept connections"
    ) async throws -> ChildProgram {
        let child = try ChildProgram.start("redis-server", arguments)
        endWithThisProcess(child.process)
        try await child.wait(forOutput: words, within: .seconds(20))
        return child
    }

    // MARK: Helpers

    private static let children = Mutex<[Int32]>([])

    /// Redis does not notice that the tests are over.
    private static func endWithThisProcess(_ process: Int32) {
        let isFirst = children.withLock { children in
            children.append(process)
            return children.count == 1
        }
        if isFirst { atexit { for process in RedisProcess.children.withLock({ $0 }) { Glibc.kill(process, SIGKILL) } } }
    }

    /// A port that nobody has now. Somebody may take it before Redis does, in which case it says so and ends.
    package static func freePort() throws -> UInt16 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(socket, raw, size) == 0 && getsockname(socket, raw, &size) == 0
            }
        }
        guard bound else { throw DidNotStart(description: "there is no free port") }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// One redis-server that all tests share which only need keys of their own.
package actor SharedRedis {
    private static let shared = SharedRedis()
    private var starting: Task<RedisProcess, any Error>?
    private var count = 0

    /// The server, and a name that no other test of this process uses.
    package static func get() async throws -> (server: RedisProcess, name: String) { try await shared.get() }

    private func get() async throws -> (RedisProcess, String) {
        let starting = starting ?? Task { try await RedisProcess.start(["--unixsocket", "redis.sock"]) }
        self.starting = starting
        count += 1
        return (try await starting.value, "test-\(getpid())-\(count)")
    }
}
