// HTTPS against `openssl s_server` with a certificate made for the test: refused unless its authority is trusted, and
// the name must fit. Skipped, and said so, where the openssl program is missing.

import Glibc
import IOLoop
import Testing

@testable import HTTPClient

@Suite("TLS", .timeLimit(.minutes(1)), .enabled(if: OpenSSLProgram.path != nil, "needs the openssl program"))
struct TLSTests {
    private func get(_ url: String, trusting file: String?) async throws -> Result<Exchange, HTTPError> {
        try await LoopActor(try IOLoop(label: "test")).run { actor in
            let client = HTTPClient(on: actor.loop, configuration: HTTPClientConfiguration(authoritiesFile: file))
            defer { client.close() }
            do {
                return .success(try await client.exchange(HTTPRequest(method: "GET", url: url)))
            } catch let error as HTTPError {
                return .failure(error)
            }
        }
    }

    @Test("a certificate that nobody vouches for is refused, one of a trusted authority is not, and the name must fit")
    func certificates() async throws {
        let server = try OpenSSLServer(name: "localhost")
        let untrusted = try await get("https://localhost:\(server.port)/", trusting: nil)
        guard case .failure(let error) = untrusted else {
            Issue.record("an untrusted certificate was accepted")
            return
        }
        #expect(error.kind == .tls)
        #expect(error.message.contains("localhost:\(server.port)"))
        #expect(error.message.contains("certificate"))

        let trusted = try await get("https://localhost:\(server.port)/", trusting: server.certificate)
        #expect(try trusted.get().status == 200)

        guard
            case .failure(let wrongName) = try await get(
                "https://127.0.0.1:\(server.port)/", trusting: server.certificate)
        else {
            Issue.record("a certificate for another name was accepted")
            return
        }
        #expect(wrongName.kind == .tls)

        guard
            case .failure(let noFile) = try await get(
                "https://localhost:\(server.port)/", trusting: "/no/such/file")
        else {
            Issue.record("a missing file of authorities was ignored")
            return
        }
        #expect(noFile.kind == .tls)
    }
}

enum OpenSSLProgram {
    static let path: String? = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first { access($0, X_OK) == 0 }

    /// Starts the program, its standard output going to `output`.
    static func start(_ arguments: [String], output: Int32? = nil) throws -> pid_t {
        let path = try #require(path)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, 1)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }
        var process: pid_t = 0
        let words = [path] + arguments
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let status = posix_spawn(&process, path, &actions, nil, &pointers, noVariables)
        try #require(status == 0)
        return process
    }

    private static var noVariables: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { nil }
}

/// `openssl s_server -www` as a child process, ended with the value.
final class OpenSSLServer {
    let certificate: String
    private(set) var port: UInt16 = 0
    private let directory: String
    private var process: pid_t = 0

    init(name: String) throws {
        var template = Array("/tmp/chat-tls-test-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template)))
        certificate = directory + "/certificate.pem"
        let key = directory + "/key.pem"
        let maker = try OpenSSLProgram.start([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-keyout", key, "-out", certificate, "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)",
        ])
        var status: Int32 = 0
        try #require(waitpid(maker, &status, 0) == maker && status == 0)
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        // Only the copy that becomes its standard output goes to the child.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { for end in ends { close(end) } }
        // Port 0; the program says which it got.
        process = try OpenSSLProgram.start(
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www"], output: ends[1])
        port = try Self.readPort(from: ends[0])
    }

    /// Reads up to the line `ACCEPT 127.0.0.1:PORT`.
    private static func readPort(from descriptor: Int32) throws -> UInt16 {
        var text = ""
        for _ in 0..<100 {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&waiting, 1, 20_000) == 1, "openssl s_server said nothing")
            var buffer = [UInt8](repeating: 0, count: 1024)
            let count = read(descriptor, &buffer, buffer.count)
            try #require(count > 0)
            text += String(decoding: buffer[0..<count], as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.hasPrefix("ACCEPT") }) {
                return try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
            }
        }
        throw CancellationError()
    }

    deinit {
        if process > 0 {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        for name in ["/certificate.pem", "/key.pem"] { unlink(directory + name) }
        rmdir(directory)
    }
}
