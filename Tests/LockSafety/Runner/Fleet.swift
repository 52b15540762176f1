// The processes of a run: servers that come back on their ports, and callers that come back under new names.

import Glibc
import ProgramSupport
import Synchronization

final class Fleet: Sendable {
    private struct Slot {
        var program: ChildProgram?
        /// How often it was started.
        var generation = 0
        /// The nemesis has it: stopped, or dead.
        var isInTrouble = false
        /// For good: it is not started again.
        var isOver = false
    }
    /// What the nemesis picks from.
    enum Kind: Sendable { case server, caller }

    private let plan: SafetyPlan
    private let socket: RunnerSocket
    private let addresses: [String]
    /// New for every run: a store may still have the leases of the run before.
    private let prefix = "locks-\(UInt64.random(in: 0 ... .max))"
    private let servers: Mutex<[Slot]>
    private let callers: Mutex<[Slot]>

    /// chatd ends within this, also on a busy machine; so does a caller.
    private static let patience = Duration.seconds(30)

    init(_ plan: SafetyPlan, _ socket: RunnerSocket) throws {
        self.plan = plan
        self.socket = socket
        var ports: [UInt16] = []
        while ports.count < plan.servers {
            let port = try FreePort.find()
            if !ports.contains(port) { ports.append(port) }
        }
        addresses = ports.map { "127.0.0.1:\($0)" }
        servers = Mutex(Array(repeating: Slot(), count: plan.servers))
        callers = Mutex(Array(repeating: Slot(), count: plan.callers))
    }

    func start() async throws {
        for index in 0..<plan.servers { try await startServer(index) }
        for index in 0..<plan.callers { try startCaller(index) }
    }

    func startServer(_ index: Int) async throws {
        let server = try await RunningServer.start(
            model: "offline", ["--store", plan.store, "--log-level", "warning"] + plan.arguments,
            listen: addresses[index])
        servers.withLock { slots in
            slots[index].program = server.program
            slots[index].generation += 1
        }
    }

    func startCaller(_ index: Int) throws {
        let generation = callers.withLock { slots in
            slots[index].generation += 1
            return slots[index].generation
        }
        // Each caller begins with another server, and knows them all.
        let order = (0..<addresses.count).map { addresses[($0 + index) % addresses.count] }
        let seed = (plan.seed &* 1000 &+ UInt64(index)) &* 1000 &+ UInt64(generation)
        let program = try ChildProgram.start(
            BuiltPrograms.pathBeside("lock-caller"),
            [
                "\(socket.port)", "c\(index).\(generation)", "\(seed)", "\(Int(plan.ttl / .milliseconds(1)))",
                prefix, "\(plan.keys)", index % 2 == 0 ? "library" : "wire", order.joined(separator: ","),
            ])
        callers.withLock { $0[index].program = program }
    }

    // MARK: Trouble

    /// Takes a process for the nemesis.
    ///
    /// - Returns: nil when as many as may be are in trouble.
    func take(_ kind: Kind, using random: inout some RandomNumberGenerator) -> Int? {
        // With several servers one at least works; of the callers, most.
        let troubledMax = kind == .server ? max(1, plan.servers - 1) : max(1, plan.callers / 2)
        return withSlots(kind) { slots in
            let free = slots.indices.filter { !slots[$0].isInTrouble && slots[$0].program != nil }
            guard slots.count - free.count < troubledMax, let index = free.randomElement(using: &random) else {
                return nil
            }
            slots[index].isInTrouble = true
            return index
        }
    }

    /// Takes a caller by its name, if it is not in trouble.
    func takeCaller(named name: String) -> Int? {
        guard let index = name.dropFirst().split(separator: ".").first.flatMap({ Int($0) }), name.hasPrefix("c") else {
            return nil
        }
        return callers.withLock { slots in
            guard slots.indices.contains(index), !slots[index].isInTrouble else { return nil }
            slots[index].isInTrouble = true
            return index
        }
    }

    func giveBack(_ kind: Kind, _ index: Int) { withSlots(kind) { $0[index].isInTrouble = false } }

    func signal(_ kind: Kind, _ index: Int, _ number: Int32) { program(kind, index)?.signal(number) }

    /// Kills and waits for the end.
    func kill(_ kind: Kind, _ index: Int) async throws {
        guard let program = program(kind, index) else { return }
        program.signal(SIGKILL)
        let end = try await program.end(within: Self.patience)
        guard end.status == 128 + SIGKILL else {
            throw RunnerSocket.Failure(
                description: "\(kind) \(index) had ended by itself with \(end.status ?? -1): \(end.errors.suffix(2000))"
            )
        }
    }

    // MARK: The end

    /// Every process goes on, whatever the nemesis had in mind.
    func continueAll() {
        for kind in [Kind.server, .caller] {
            for program in programs(kind) { program.signal(SIGCONT) }
        }
    }

    /// Waits for the callers, which have been told to stop, then ends the servers.
    ///
    /// - Returns: what went wrong.
    func end() async -> [String] {
        var findings: [String] = []
        for kind in [Kind.caller, .server] {
            for (index, program) in programs(kind).enumerated() {
                if kind == .server { program.signal(SIGTERM) }
                do {
                    let end = try await program.end(within: Self.patience)
                    if end.status != 0 {
                        findings.append("\(kind) \(index) ended with \(end.status ?? -1): \(end.errors.suffix(2000))")
                    }
                } catch {
                    findings.append("\(kind) \(index): \(error)")
                }
            }
        }
        return findings
    }

    func killAll() {
        for kind in [Kind.server, .caller] {
            for program in programs(kind) { program.signal(SIGKILL) }
        }
    }

    private func programs(_ kind: Kind) -> [ChildProgram] { withSlots(kind) { $0.compactMap(\.program) } }

    private func program(_ kind: Kind, _ index: Int) -> ChildProgram? { withSlots(kind) { $0[index].program } }

    private func withSlots<R: Sendable>(_ kind: Kind, _ body: (inout sending [Slot]) -> sending R) -> R {
        kind == .server ? servers.withLock(body) : callers.withLock(body)
    }
}

/// A port that nobody uses, outside of the range from which the system takes ports by itself, so that no connection
/// takes a server's while it is down.
private enum FreePort {
    static let range: Range<UInt16> = 20_000..<30_000

    static func find() throws -> UInt16 {
        for _ in 0..<100 {
            let port = UInt16.random(in: range)
            if isFree(port) { return port }
        }
        throw RunnerSocket.Failure(description: "no port of \(range) is free")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
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
