// A chatd on a database file that is killed and started again, at the same port, so that callers come back by
// themselves.

import EngineConformance
import Glibc
import Synchronization
import Testing

/// When the server kills itself: at the n-th change of a kind. See PowerLoss/powerloss.c.
struct KillPoint: Sendable, CustomStringConvertible {
    enum Kind: String, CaseIterable, Sendable { case storage, write, sync, truncate, unlink, reply }
    enum Moment: String, CaseIterable, Sendable { case before, middle, after }
    var kind: Kind
    var number: Int
    var moment: Moment
    /// Counted from `CrashServer.arm()` on; otherwise from the program's start.
    var waitsForArming = true

    var description: String { "\(moment.rawValue) \(kind.rawValue) \(number)\(waitsForArming ? "" : " of the start")" }
    fileprivate var setting: String { "\(kind.rawValue):\(number):\(moment.rawValue)" }
}

/// The server of one test. Its files outlive its processes.
final class CrashServer: Sendable {
    let folder: TestFolder
    let database: String
    let cut: PowerCut
    private let arguments: [String]
    private let library: String
    private let variables: [String: String]
    private let program = Mutex<RunningProgram?>(nil)

    private var armFile: String { folder.path + "/armed" }
    private var faultFile: String { folder.path + "/fault" }

    /// - Parameters:
    ///   - model: the base URL of the model.
    ///   - isDurable: false for the in-memory store, which forgets everything.
    ///   - variables: more settings of the preloaded library.
    init(
        model: String, isDurable: Bool = true, arguments: [String] = [], variables: [String: String] = [:]
    ) async throws {
        folder = try TestFolder()
        database = folder.path + "/chat.db"
        cut = PowerCut(database: database, log: folder.path + "/log")
        library = try await Tools.powerLoss()
        self.arguments =
            ["--store", isDurable ? "sqlite:\(database)" : "memory:", "--model", "openai:fake@\(model)"]
            + ["--log-level", "warning"] + arguments
        self.variables = variables
        address = "127.0.0.1:\(try FreePort.find())"
    }

    /// HOST:PORT, the same for every start.
    let address: String

    /// What the current or last program said.
    var output: String { program.withLock { $0 }?.snapshot.output ?? "" }

    /// Starts the server.
    ///
    /// - Returns: true when it listens; false when it has ended.
    func start(killing point: KillPoint? = nil) async throws -> Bool {
        unlink(armFile)
        var variables = variables
        variables["LD_PRELOAD"] = library
        variables["POWERLOSS_DATABASE"] = database
        variables["POWERLOSS_LOG"] = cut.log
        variables["POWERLOSS_FAULT"] = faultFile
        if let point {
            variables["POWERLOSS_KILL"] = point.setting
            if point.waitsForArming { variables["POWERLOSS_ARM"] = armFile }
        }
        let program = try RunningProgram.start(
            BuiltPrograms.path(of: "chatd"), ["--listen", address] + arguments, variables: variables)
        self.program.withLock { $0 = program }
        try await program.wait(for: "the line that it listens") { $0.output.contains("chatd listening on ") }
        return program.snapshot.output.contains("chatd listening on ")
    }

    /// As `start`, where it must succeed.
    func startWell() async throws {
        let listens = try await start()
        try #require(listens, "chatd does not start again: \(output)")
    }

    /// Lets the count towards the kill point begin.
    func arm() throws { try FileBytes.write([], to: armFile) }

    /// Has the disk fail, or work again. See PowerLoss/powerloss.c for the words.
    func fail(_ word: String?) throws {
        if let word { try FileBytes.write(Array(word.utf8), to: faultFile) } else { unlink(faultFile) }
    }

    func signal(_ number: Int32) { program.withLock { $0 }?.signal(number) }

    /// Waits for the program's end, and makes its log fit to be continued.
    @discardableResult
    func end() async throws -> RunningProgram.Snapshot {
        guard let program = program.withLock({ $0 }) else { preconditionFailure("the server was started") }
        let end = try await program.end()
        try cut.repairLog()
        return end
    }

    /// Kills what still runs, whatever happened.
    func killLeftover() { signal(SIGKILL) }
}

/// A port that nobody uses.
private enum FreePort {
    /// Below the range from which the system takes ports by itself, so that no connection takes the server's while it
    /// is down.
    static let range: Range<UInt16> = 20_000..<30_000

    static func find() throws -> UInt16 {
        for _ in 0..<100 {
            let port = UInt16.random(in: range)
            if try isFree(port) { return port }
        }
        throw RunningProgram.Failure(description: "no port of \(range) is free")
    }

    private static func isFree(_ port: UInt16) throws -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        } == 0
    }
}
