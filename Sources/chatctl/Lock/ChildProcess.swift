// A command as a process group of its own: started, signalled, ended, waited for. `lock run` uses it.

internal import Glibc
internal import Synchronization

/// A command that runs. Any thread may signal it.
final class ChildProcess: Sendable {
    /// How a command ended.
    enum End: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// How often it is looked whether the rest of a group that was stopped is gone.
    private static let pollMicroseconds: UInt32 = 20_000

    private struct State {
        /// Its id may be another process's from then on.
        var isReaped = false
        /// When SIGKILL follows; nil while it may run.
        var killAt: ContinuousClock.Instant?
    }
    private let state = Mutex(State())
    private let process: pid_t
    private let terminal: CommandTerminal

    private init(_ process: pid_t, _ terminal: CommandTerminal) {
        self.process = process
        self.terminal = terminal
    }

    // MARK: Starting

    /// Starts a command, found on PATH, with this process's streams and environment and some variables more.
    ///
    /// - Throws: `ProgramFailure` with the code that shells give.
    static func start(_ command: [String], variables: [(name: String, value: String)]) throws -> ChildProcess {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Blocked and ignored signals are inherited, and a command expects neither.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGTSTP, SIGTTOU] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        for (name, value) in variables { setenv(name, value, 1) }
        let terminal = CommandTerminal()
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, command[0], nil, &attributes, arguments, currentEnvironment())
        guard code == 0 else {
            let words = "\(PlainText.oneLine(command[0])) cannot be run: \(String(cString: strerror(code)))"
            throw ProgramFailure(code == ENOENT ? .noSuchCommand : .notExecutable, words)
        }
        return ChildProcess(process, terminal)
    }

    // MARK: Signals

    /// Sends a signal to the whole group, unless the command has ended.
    func signal(_ signal: Int32) {
        state.withLock { state in
            if !state.isReaped { kill(-process, signal) }
        }
    }

    /// Asks the group to end, and ends it when the grace is over. Returns at once.
    func stop(grace: Duration) {
        let isFirst = state.withLock { state in
            guard state.killAt == nil else { return false }
            state.killAt = .now + grace
            return true
        }
        guard isFirst else { return }
        signal(SIGTERM)
        // A stopped process would not notice.
        signal(SIGCONT)
        Thread.start {
            let (seconds, attoseconds) = grace.components
            var pause = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
            nanosleep(&pause, nil)  // No signal comes to this thread and shortens it.
            self.signal(SIGKILL)
        }
    }

    // MARK: The end

    /// Waits until the command has ended, and when it was stopped, until its group has.
    func end() async -> End {
        await withCheckedContinuation { continuation in
            Thread.start { continuation.resume(returning: self.waitForEnd()) }
        }
    }

    private func waitForEnd() -> End {
        while true {
            var information = siginfo_t()
            // Looks only: the id stays the command's until it is reaped under the mutex.
            let code = waitid(P_PID, id_t(process), &information, WEXITED | WSTOPPED | WNOWAIT)
            if code != 0, errno == EINTR { continue }
            var status: Int32 = 0
            let found = state.withLock { state in
                let found = waitpid(process, &status, WUNTRACED | WNOHANG)
                if found == process, !Self.isStopped(status) || found < 0 { state.isReaped = true }
                return found
            }
            guard found == process else {
                if found == 0 { continue }
                preconditionFailure("a child is waited for once")
            }
            if Self.isStopped(status) {
                if terminal.wantsToGoOn(after: status >> 8 & 0xFF, group: process) { signal(SIGCONT) }
                continue
            }
            endRestOfGroup()
            terminal.takeBack()
            let number = status & 0x7F
            return number == 0 ? .exited(status >> 8 & 0xFF) : .signalled(number)
        }
    }

    /// Where the lock was lost nothing of the command may go on.
    private func endRestOfGroup() {
        guard let killAt = state.withLock({ $0.killAt }) else { return }
        // The leader is reaped, so a group with this id is what it left behind.
        while kill(-process, 0) == 0, .now < killAt { usleep(Self.pollMicroseconds) }
        kill(-process, SIGKILL)
    }

    private static func isStopped(_ status: Int32) -> Bool { status & 0xFF == 0x7F }

    /// This process's variables as posix_spawn takes them.
    private static func currentEnvironment() -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        // Read while the one thread that may change variables, this one, is here.
        nonisolated(unsafe) let variables = environ
        return variables
    }
}
