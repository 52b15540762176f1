// The descriptors of a child process, and starting it with them.

internal import Glibc

struct ChildPlumbing: Sendable {
    /// What this process reads.
    let output: Int32
    let errors: Int32
    private let childOutput: Int32
    private let childErrors: Int32

    init() throws {
        (output, childOutput) = try Self.pipe()
        do {
            (errors, childErrors) = try Self.pipe()
        } catch {
            for end in [output, childOutput] { close(end) }
            throw error
        }
    }

    func closeReadEnds() { for end in [output, errors] { close(end) } }

    /// Starts a program, found on PATH, as the leader of a process group of its own, without standard input, to be
    /// killed when the thread that calls this ends; and closes what only the program uses.
    func spawn(_ command: [String]) -> Result<pid_t, ChildFailure> {
        defer { for end in [childOutput, childErrors] { close(end) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, childOutput, 1)
        posix_spawn_file_actions_adddup2(&actions, childErrors, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Blocked and ignored signals are inherited, and a program expects neither.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        // posix_spawn cannot ask for the parent-death signal; setpriv does, and becomes the program.
        let words = ["setpriv", "--pdeathsig", "KILL", "--"] + command
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        // Nothing changes variables in this program.
        nonisolated(unsafe) let variables = environ
        var process: pid_t = 0
        let code = posix_spawnp(&process, words[0], &actions, &attributes, arguments, variables)
        guard code == 0 else {
            return .failure(ChildFailure(description: "setpriv: \(String(cString: strerror(code)))"))
        }
        return .success(process)
    }

    private static func pipe() throws -> (readEnd: Int32, writeEnd: Int32) {
        var descriptors: [Int32] = [-1, -1]
        guard Glibc.pipe(&descriptors) == 0 else {
            throw ChildFailure(description: "no pipe: \(String(cString: strerror(errno)))")
        }
        // Children are started one at a time, so none inherits it in between.
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return (descriptors[0], descriptors[1])
    }
}
