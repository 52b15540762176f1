// The descriptors of a child process, and starting it with them.

internal import Glibc

/// Pipes or a terminal, made before the process and handed to it.
struct Plumbing {
    /// What the test reads: output, then errors, or the terminal alone.
    var readEnds: [Int32] = []
    /// The terminal's other end, to type on; -1 without one.
    var terminal: Int32 = -1
    /// What to write to the program, and where.
    var input: (descriptor: Int32, text: String)?
    /// What the process has as 0, 1 and 2; -1 for nothing to read.
    private var childEnds: [Int32] = []
    private var terminalPath: String?

    init(_ streams: ChildProgram.Streams) throws {
        switch streams {
        case .pipes(let text):
            var childInput: Int32 = -1
            if let text {
                let (readEnd, writeEnd) = try Self.pipe()
                childInput = readEnd
                input = (writeEnd, text)
            }
            let (output, errors) = (try Self.pipe(), try Self.pipe())
            readEnds = [output.readEnd, errors.readEnd]
            childEnds = [childInput, output.writeEnd, errors.writeEnd]
        case .terminal:
            // What posix_openpt, unlockpt and ptsname do, which Swift's Glibc module does not show.
            terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
            try Self.check(terminal >= 0, "no terminal of one's own")
            var number: Int32 = 0
            try Self.check(ioctl(terminal, Self.unlockTerminal, &number) == 0, "the terminal stays locked")
            try Self.check(ioctl(terminal, Self.terminalNumber, &number) == 0, "the terminal has no number")
            terminalPath = "/dev/pts/\(number)"
            readEnds = [fcntl(terminal, F_DUPFD_CLOEXEC, 0)]
        }
    }

    /// TIOCSPTLCK, TIOCGPTN and POSIX_SPAWN_SETSID.
    private static let unlockTerminal: UInt = 0x4004_5431
    private static let terminalNumber: UInt = 0x8004_5430
    private static let spawnInNewSession: Int32 = 0x80

    /// Starts the process and closes what only it uses.
    func spawn(_ path: String, _ arguments: [String], _ variables: [String: String]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        if let terminalPath {
            // The leader of a new session that opens a terminal has it as its own.
            flags |= Self.spawnInNewSession
            posix_spawn_file_actions_addopen(&actions, 0, terminalPath, O_RDWR, 0)
            for descriptor: Int32 in [1, 2] { posix_spawn_file_actions_adddup2(&actions, 0, descriptor) }
        } else {
            if childEnds[0] < 0 { posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) }
            for (index, end) in childEnds.enumerated() where end >= 0 {
                posix_spawn_file_actions_adddup2(&actions, end, Int32(index))
            }
        }
        defer { for end in childEnds where end >= 0 { close(end) } }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let words = ([path] + arguments).map { strdup($0) }
        let environment = Self.environment(variables).map { strdup($0) }
        defer { for word in words + environment { free(word) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, path, &actions, &attributes, words + [nil], environment + [nil])
        try Self.check(code == 0, "\(path) does not start: \(String(cString: strerror(code)))")
        return process
    }

    /// Nothing of the tester's own settings, proxies or keys; of a sanitizer's, where the child's reports go.
    private static func environment(_ variables: [String: String]) -> [String] {
        var result = ["LANG=C.UTF-8", "TZ=UTC", "TERM=dumb"]
        let sanitizers = ["TSAN_OPTIONS", "ASAN_OPTIONS", "UBSAN_OPTIONS", "SWIFT_BACKTRACE"]
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] + sanitizers {
            if let value = getenv(name) { result.append("\(name)=\(String(cString: value))") }
        }
        return result + variables.map { "\($0.key)=\($0.value)" }
    }

    private static func pipe() throws -> (readEnd: Int32, writeEnd: Int32) {
        var descriptors: [Int32] = [-1, -1]
        // Close-on-exec from the start, as pipe(2) cannot: other tests start processes meanwhile.
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try check(socketpair(AF_UNIX, type, 0, &descriptors) == 0, "no pair of sockets")
        return (descriptors[0], descriptors[1])
    }

    private static func check(_ condition: Bool, _ words: @autoclosure () -> String) throws {
        guard condition else { throw ChildProgram.GaveUp(description: words()) }
    }
}
