// Runs another program and collects what it says. Its output comes over a socket pair that is read on a loop, so a test
// that waits for it holds no thread.

import ConformancePeer
import Glibc
import IOLoop

enum ChildProcess {
    struct Result: Sendable {
        /// The exit status; 128 and the signal's number for a program that was killed.
        let status: Int32
        /// Standard output and standard error, in the order they were written.
        let output: String
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - program: a path, or a name that is looked up in PATH.
    ///   - environment: beside what this process has.
    /// - Returns: nil when there is no such program.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Result? {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw SystemError(number: errno, operation: "socketpair")
        }
        let (ours, theirs) = (pair[0], pair[1])
        _ = fcntl(ours, F_SETFL, O_NONBLOCK)
        let spawned = spawn(program, arguments, environment, output: theirs)
        close(theirs)
        guard case .success(let process) = spawned else {
            close(ours)
            guard case .failure(let error) = spawned, error.number != ENOENT else { return nil }
            throw error
        }
        let output = try await LoopActor(TestLoops.client).run { actor in
            try await OutputReader.readAll(of: ours, on: actor.loop)
        }
        var status: Int32 = 0
        // Its output has ended, so it is ending.
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return Result(status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: output)
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String: String], output: Int32
    ) -> Swift.Result<pid_t, SystemError> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)

        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var settings = inherited(without: environment).map { strdup($0) }
        settings += environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + settings { free(pointer) } }
        var process: pid_t = 0
        let number = posix_spawnp(&process, program, &actions, nil, &words, &settings)
        return number == 0 ? .success(process) : .failure(SystemError(number: number, operation: "posix_spawn"))
    }

    private static func inherited(without replaced: [String: String]) -> [String] {
        var lines: [String] = []
        var next = environ
        while let line = next.pointee {
            let text = String(cString: line)
            if replaced[String(text.prefix { $0 != "=" })] == nil { lines.append(text) }
            next += 1
        }
        return lines
    }
}

/// Collects a socket's bytes until its end. On its loop only.
private final class OutputReader: ByteStreamHandler {
    private var bytes: [UInt8] = []
    private var waiter: Waiter<Void>?

    /// - Throws: `DeadlineExceeded` after ten minutes, which is more than any build took.
    static func readAll(of descriptor: Int32, on loop: IOLoop) async throws -> String {
        let stream = ByteStream(OwnedDescriptor(descriptor), peer: SocketAddress(unixPath: "child"), on: loop)
        let reader = OutputReader()
        defer { stream.close() }
        try stream.start(reader)
        try await wait(on: loop, until: .now + .seconds(600)) { reader.waiter = $0 }
        return String(decoding: reader.bytes, as: UTF8.self)
    }

    func received(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { self.bytes.append(contentsOf: $0) }
    }

    func writable() {}

    func closed(_ reason: ByteStreamEnd) { waiter?.resume(returning: ()) }
}
