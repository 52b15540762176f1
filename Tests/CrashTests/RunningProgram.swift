// A program as a child process: its output, its end, and SIGKILL at any moment.

import Glibc
import Synchronization

/// A running program. Its output is read by a thread of its own; waits end when what they wait for happens.
final class RunningProgram: Sendable {
    /// What is known so far.
    struct Snapshot: Sendable {
        /// Standard output and standard error, in the order in which they were written.
        var output = ""
        /// The exit code; 128 plus the number for a program that a signal ended. Nil while it runs, and until its
        /// output was read to the end.
        var status: Int32?
        var wasKilled: Bool { status == 128 + SIGKILL }
    }
    struct Failure: Error, CustomStringConvertible { let description: String }

    private struct Waiter {
        var id: Int
        var condition: @Sendable (Snapshot) -> Bool
        var continuation: CheckedContinuation<Void, Never>
    }
    private struct State {
        var snapshot = Snapshot()
        var waiters: [Waiter] = []
        var nextID = 0
        /// Its id may be another's then.
        var isReaped = false
    }

    private let process: pid_t
    private let name: String
    private let state = Mutex(State())

    /// Longer than anything here takes, also with sanitizers on a busy machine.
    private static let patience = Duration.seconds(60)

    private init(_ name: String, _ process: pid_t) {
        self.name = name
        self.process = process
    }

    /// Starts a program.
    ///
    /// - Parameter variables: its environment, beside the few that programs need to be found.
    static func start(
        _ path: String, _ arguments: [String], variables: [String: String] = [:]
    ) throws -> RunningProgram {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw Failure(description: "socketpair: \(String(cString: strerror(errno)))")
        }
        defer { close(pair[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for descriptor: Int32 in [1, 2] { posix_spawn_file_actions_adddup2(&actions, pair[1], descriptor) }

        let words = ([path] + arguments).map { strdup($0) } + [nil]
        let settings = environment(variables).map { strdup($0) } + [nil]
        defer { for word in words + settings { free(word) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, path, &actions, nil, words, settings)
        guard code == 0 else {
            close(pair[0])
            throw Failure(description: "\(path) does not start: \(String(cString: strerror(code)))")
        }
        let program = RunningProgram(path, process)
        let output = pair[0]
        BackgroundThread.start { program.watch(output) }
        return program
    }

    /// Runs a program to its end.
    static func run(_ path: String, _ arguments: [String], variables: [String: String] = [:]) async throws -> Snapshot {
        try await start(path, arguments, variables: variables).end()
    }

    var snapshot: Snapshot { state.withLock { $0.snapshot } }

    func signal(_ number: Int32) { state.withLock { if !$0.isReaped { kill(process, number) } } }

    /// Waits until `condition` holds or the program has ended.
    func wait(for what: String, _ condition: @escaping @Sendable (Snapshot) -> Bool) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let timer = Task {
            try? await Task.sleep(for: Self.patience)
            if !Task.isCancelled { self.giveUp(id) }
        }
        defer { timer.cancel() }
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiters.append(Waiter(id: id, condition: condition, continuation: continuation)) }
            changed()
        }
        let last = snapshot
        guard last.status == nil, !condition(last) else { return }
        throw Failure(description: "\(name): waited \(Self.patience) for \(what); it said: \(last.output.suffix(2000))")
    }

    /// Waits for its end.
    @discardableResult
    func end() async throws -> Snapshot {
        try await wait(for: "its end") { $0.status != nil }
        return snapshot
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume()
    }

    private func changed() {
        let met = state.withLock { state in
            let snapshot = state.snapshot
            let met = state.waiters.filter { snapshot.status != nil || $0.condition(snapshot) }
            state.waiters.removeAll { waiter in met.contains { $0.id == waiter.id } }
            return met
        }
        for waiter in met { waiter.continuation.resume() }
    }

    /// Reads its output to the end, then sees how it ended. On a thread of its own.
    private func watch(_ output: Int32) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(output, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes += buffer[..<count]
            let text = String(decoding: bytes, as: UTF8.self)
            state.withLock { $0.snapshot.output = text }
            changed()
        }
        close(output)
        var information = siginfo_t()
        // Looks only, so that the id stays the program's until the mutex is held.
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        state.withLock { state in
            var status: Int32 = 0
            waitpid(process, &status, 0)
            state.isReaped = true
            state.snapshot.status = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
        }
        changed()
    }

    /// Nothing of the tester's own settings, proxies or keys.
    private static func environment(_ variables: [String: String]) -> [String] {
        var result = ["LANG=C.UTF-8", "TZ=UTC", "SWIFT_BACKTRACE=enable=no"]
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH", "TSAN_OPTIONS", "ASAN_OPTIONS", "UBSAN_OPTIONS"] {
            if let value = getenv(name) { result.append("\(name)=\(String(cString: value))") }
        }
        return result + variables.map { "\($0.key)=\($0.value)" }
    }
}

/// Threads for reads and waits that block, which Swift's own threads must not.
private enum BackgroundThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let code = pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<Work>.fromOpaque(raw!).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        precondition(code == 0, "a test needs a thread")
        pthread_detach(thread)
    }
}
