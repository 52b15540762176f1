// A program as a child process, with its output at hand: tests drive real programs through it.
// Waits end when what they wait for happens; time limits only say when to give up.

internal import Glibc
internal import Synchronization

/// A running program. Its output is read by threads of its own, so it never waits for a test.
package final class ChildProgram: Sendable {
    /// What is known of a program so far.
    package struct Snapshot: Sendable {
        package fileprivate(set) var output = ""
        package fileprivate(set) var errors = ""
        /// The exit code; 128 plus the number for a program that a signal ended. Nil while it runs.
        package fileprivate(set) var status: Int32?
        fileprivate var openStreams = 2
        package var isOver: Bool { status != nil && openStreams == 0 }
    }
    package struct GaveUp: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }
    /// Where the program's streams go.
    package enum Streams {
        /// Nothing to read unless `input` says so; output and errors apart.
        case pipes(input: String?)
        /// A terminal of its own, for all three.
        case terminal
    }

    private struct Waiter {
        var id: Int
        var condition: @Sendable (Snapshot) -> Bool
        var continuation: CheckedContinuation<Snapshot?, Never>
    }
    private struct State {
        var snapshot = Snapshot()
        var bytes: [[UInt8]] = [[], []]
        var waiters: [Waiter] = []
        var nextID = 0
    }

    package let process: Int32
    private let name: String
    /// The terminal's other end; -1 without one.
    private let terminal: Int32
    private let state = Mutex(State())

    private init(_ name: String, _ process: pid_t, terminal: Int32) {
        self.name = name
        self.process = process
        self.terminal = terminal
    }

    /// Starts a program that was built beside this test, or one found on PATH.
    package static func start(
        _ name: String, _ arguments: [String], variables: [String: String] = [:], streams: Streams = .pipes(input: nil)
    ) throws -> ChildProgram {
        Glibc.signal(SIGPIPE, SIG_IGN)
        let path = ["chatd", "chatctl", "chatbench"].contains(name) ? BuiltPrograms.path(of: name) : name
        let plumbing = try Plumbing(streams)
        let process = try plumbing.spawn(path, arguments, variables)
        let program = ChildProgram(name, process, terminal: plumbing.terminal)
        for (index, descriptor) in plumbing.readEnds.enumerated() {
            BackgroundThread.start { program.read(descriptor, into: index) }
        }
        program.state.withLock { $0.snapshot.openStreams = plumbing.readEnds.count }
        BackgroundThread.start { program.waitForEnd() }
        if let (descriptor, text) = plumbing.input {
            BackgroundThread.start {
                writeAll(text, to: descriptor)
                close(descriptor)
            }
        }
        return program
    }

    package var snapshot: Snapshot { state.withLock { $0.snapshot } }

    package func signal(_ number: Int32) {
        // Not once it was reaped: the id may be another's.
        state.withLock { state in
            if state.snapshot.status == nil { kill(process, number) }
        }
    }

    /// Types on the program's terminal.
    package func type(_ text: String) {
        precondition(terminal >= 0, "only a program with a terminal can be typed to")
        writeAll(text, to: terminal)
    }

    // MARK: Waiting

    /// Waits until `condition` holds.
    package func wait(
        for what: String, within limit: Duration = .seconds(60), _ condition: @escaping @Sendable (Snapshot) -> Bool
    ) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let timer = Task {
            try? await Task.sleep(for: limit)
            if !Task.isCancelled { self.giveUp(id) }
        }
        defer { timer.cancel() }
        let met = await withCheckedContinuation { continuation in
            let waiter = Waiter(id: id, condition: condition, continuation: continuation)
            state.withLock { $0.waiters.append(waiter) }
            changed()
        }
        guard met == nil else { return }
        let last = snapshot
        throw GaveUp(
            description: "\(name) (status \(last.status.map(String.init) ?? "running")): waited \(limit) for \(what); "
                + "its output: \(last.output.suffix(2000)); its errors: \(last.errors.suffix(2000))")
    }

    /// Waits until the program has printed `text` on standard output.
    package func wait(forOutput text: String, within limit: Duration = .seconds(60)) async throws {
        try await wait(for: "the output \"\(text)\"", within: limit) { $0.output.contains(text) }
    }

    /// Waits for the program's end.
    @discardableResult
    package func end(within limit: Duration = .seconds(60)) async throws -> Snapshot {
        try await wait(for: "its end", within: limit) { $0.isOver }
        return snapshot
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: nil)
    }

    private func changed() {
        let (met, snapshot) = state.withLock { state in
            let snapshot = state.snapshot
            // A program that is over changes no more, so waiting is in vain.
            let met = state.waiters.filter { $0.condition(snapshot) || snapshot.isOver }
            state.waiters.removeAll { waiter in met.contains { $0.id == waiter.id } }
            return (met, snapshot)
        }
        for waiter in met {
            waiter.continuation.resume(returning: waiter.condition(snapshot) ? snapshot : nil)
        }
    }

    // MARK: On threads of their own

    private func read(_ descriptor: Int32, into index: Int) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            // A terminal whose program is gone answers EIO.
            if count <= 0 { break }
            state.withLock { state in
                state.bytes[index] += buffer[..<count]
                let text = String(decoding: state.bytes[index], as: UTF8.self)
                if index == 0 { state.snapshot.output = text } else { state.snapshot.errors = text }
            }
            changed()
        }
        close(descriptor)
        state.withLock { $0.snapshot.openStreams -= 1 }
        changed()
    }

    private func waitForEnd() {
        var information = siginfo_t()
        // Looks only, so that the id stays the program's until the mutex is held.
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        state.withLock { state in
            var status: Int32 = 0
            waitpid(process, &status, 0)
            state.snapshot.status = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
        }
        changed()
    }
}

/// Writes all of it, or as much as the reader takes.
private func writeAll(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
