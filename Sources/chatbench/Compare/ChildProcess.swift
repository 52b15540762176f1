// A program that the comparison runs: started in a process group of its own, listened to, ended in time. It dies with
// this process, however that ends.

internal import Glibc
internal import Synchronization

/// Why a child did not do what it was started for; the words are for the table's notes.
struct ChildFailure: Error, CustomStringConvertible {
    let description: String
}

final class ChildProcess: Sendable {
    /// What is known of it so far.
    struct Snapshot: Sendable {
        /// The first `outputBytesMax` of standard output.
        var output: [UInt8] = []
        /// The last `errorBytesMax` of standard error.
        var errors: [UInt8] = []
        /// The exit code; 128 plus the number for one that a signal ended. Nil while it runs.
        var status: Int32?
        fileprivate var openStreams = 2
        var isOver: Bool { status != nil && openStreams == 0 }
        var text: String { String(decoding: output, as: UTF8.self) }
    }

    /// A load prints one line, a server few.
    private static let outputBytesMax = 1 << 20
    private static let errorBytesMax = 64 << 10
    /// From SIGTERM to SIGKILL.
    private static let stopGrace = Duration.seconds(2)
    /// From SIGKILL to giving up, for a process that the kernel does not let go.
    private static let killGrace = Duration.seconds(10)

    private struct Waiter {
        let id: Int
        let condition: @Sendable (Snapshot) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }
    private struct State {
        var snapshot = Snapshot()
        var waiters: [Waiter] = []
        var nextID = 0
        /// 0 until it runs and once it was reaped: then the id may be another's.
        var process: pid_t = 0
    }
    private let state = Mutex(State())
    private let name: String

    private init(_ name: String) { self.name = name }

    // MARK: Running

    /// Runs a program while `body` runs, at most for `limit`.
    ///
    /// - Parameter name: as failures call it.
    static func with<R>(
        _ name: String, _ command: [String], limit: Duration, _ body: (ChildProcess) async throws -> R
    ) async throws -> R {
        let child = ChildProcess(name)
        try await child.start(command)
        let limiter = Task.detached {
            try? await Task.sleep(for: limit)
            if !Task.isCancelled { child.signal(SIGKILL) }
        }
        let result: Result<R, any Error>
        do {
            result = .success(try await body(child))
        } catch {
            result = .failure(error)
        }
        limiter.cancel()
        // Not to be cut short when this task was cancelled: that is when children must be ended.
        await Task.detached { await child.stop() }.value
        return try result.get()
    }

    /// Runs a program to its end.
    ///
    /// - Returns: what it printed on standard output.
    /// - Throws: `ChildFailure` for one that failed or was not done within `limit`, with its last words.
    static func run(_ name: String, _ command: [String], limit: Duration) async throws -> String {
        try await with(name, command, limit: limit) { child in
            // The limit itself ends it.
            try await child.wait(for: "its end", within: limit + killGrace) { $0.isOver }
            let snapshot = child.snapshot
            guard snapshot.status == 0 else { throw child.failure("ended with \(snapshot.status ?? -1)") }
            return snapshot.text
        }
    }

    var snapshot: Snapshot { state.withLock { $0.snapshot } }

    /// 0 once it has ended.
    var process: pid_t { state.withLock { $0.process } }

    /// Waits until `condition` holds.
    ///
    /// - Throws: `ChildFailure` when it has ended or the time is over before; `CancellationError`.
    func wait(
        for what: String, within limit: Duration, _ condition: @escaping @Sendable (Snapshot) -> Bool
    ) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let timer = Task.detached {
            try? await Task.sleep(for: limit)
            if !Task.isCancelled { self.wake(id) }
        }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock {
                    $0.waiters.append(Waiter(id: id, condition: condition, continuation: continuation))
                }
                // The condition may hold already, or the task be cancelled.
                if Task.isCancelled { wake(id) } else { changed() }
            }
        } onCancel: {
            wake(id)
        }
        guard !condition(snapshot) else { return }
        try Task.checkCancellation()
        throw failure(snapshot.status.map { "ended with \($0)" } ?? "waited \(limit) in vain for \(what)")
    }

    /// A failure of this child, with its last words.
    func failure(_ words: String) -> ChildFailure {
        let snapshot = snapshot
        let told = String(decoding: snapshot.errors, as: UTF8.self).split(separator: "\n").suffix(3)
        let said = told.isEmpty ? snapshot.text.split(separator: "\n").suffix(3) : told
        let quoted = said.map { $0.filter { !$0.isASCII || $0 >= " " } }.joined(separator: " / ")
        return ChildFailure(description: "\(name) \(words)" + (quoted.isEmpty ? "" : ": \(quoted)"))
    }

    /// Sends a signal to the whole group, unless the program has ended.
    private func signal(_ signal: Int32) {
        state.withLock { state in
            if state.process > 0 { kill(-state.process, signal) }
        }
    }

    private func stop() async {
        signal(SIGTERM)
        try? await wait(for: "its end", within: Self.stopGrace) { $0.status != nil }
        signal(SIGKILL)
        try? await wait(for: "its end", within: Self.killGrace) { $0.isOver }
    }

    // MARK: Waiting

    private func wake(_ id: Int) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume()
    }

    private func changed() {
        let met = state.withLock { state in
            let snapshot = state.snapshot
            // A program that is over changes no more, so waiting is in vain.
            let met = state.waiters.filter { snapshot.isOver || $0.condition(snapshot) }
            state.waiters.removeAll { waiter in met.contains { $0.id == waiter.id } }
            return met
        }
        for waiter in met { waiter.continuation.resume() }
    }

    // MARK: On threads of their own

    /// The thread that starts the program also waits for its end: the kernel's parent-death signal is sent when the
    /// thread ends that was the parent, not the process.
    private func start(_ command: [String]) async throws {
        let plumbing = try ChildPlumbing()
        let failure = await withCheckedContinuation { (continuation: CheckedContinuation<ChildFailure?, Never>) in
            Thread.start {
                switch plumbing.spawn(command) {
                case .failure(let failure):
                    continuation.resume(returning: failure)
                case .success(let process):
                    self.state.withLock { $0.process = process }
                    continuation.resume(returning: nil)
                    self.waitForEnd(process)
                }
            }
        }
        if let failure {
            plumbing.closeReadEnds()
            throw ChildFailure(description: "\(name) cannot be started: \(failure)")
        }
        Thread.start { self.read(plumbing.output) { self.keepOutput($0) } }
        Thread.start { self.read(plumbing.errors) { self.keepErrors($0) } }
    }

    private func read(_ descriptor: Int32, _ keep: (ArraySlice<UInt8>) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            keep(buffer[..<count])
            changed()
        }
        close(descriptor)
        state.withLock { $0.snapshot.openStreams -= 1 }
        changed()
    }

    private func keepOutput(_ bytes: ArraySlice<UInt8>) {
        state.withLock { state in
            let room = Self.outputBytesMax - state.snapshot.output.count
            state.snapshot.output += bytes.prefix(max(0, room))
        }
    }

    private func keepErrors(_ bytes: ArraySlice<UInt8>) {
        state.withLock { state in
            state.snapshot.errors += bytes
            let excess = state.snapshot.errors.count - Self.errorBytesMax
            if excess > 0 { state.snapshot.errors.removeFirst(excess) }
        }
    }

    private func waitForEnd(_ process: pid_t) {
        var information = siginfo_t()
        // Looks only, so that the id stays the group's until the mutex is held.
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        state.withLock { state in
            // What it left behind ends with it.
            kill(-process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
            state.process = 0
            state.snapshot.status = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
        }
        changed()
    }
}
