// Redis over TLS, with a certificate of each side.

import ChatEngine
import Glibc
import IOLoop
import ProgramSupport
import RedisSupport
import Testing

@testable import RedisStore

@Suite("Redis over TLS", .serialized, .timeLimit(.minutes(1)))
struct TLSRedisTests {
    /// A certificate that vouches for itself, and its key.
    private static func certificate(_ name: String, in folder: String) async throws -> (file: String, key: String) {
        let (file, key) = ("\(folder)/\(name).pem", "\(folder)/\(name).key")
        let end = try await ChildProgram.start(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1", "-out", file, "-keyout", key,
            ]
        ).end()
        try #require(end.status == 0, "\(end.errors)")
        return (file, key)
    }

    @Test("serves where both sides know each other, and says what is wrong where they do not")
    func certificates() async throws {
        var template = Array("/tmp/chat-redis-tls-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let server = try await Self.certificate("server", in: folder)
        let client = try await Self.certificate("client", in: folder)
        let redis = try await RedisProcess.start([
            "--port", "0", "--tls-port", "PORT", "--tls-cert-file", server.file, "--tls-key-file", server.key,
            "--tls-ca-cert-file", client.file, "--tls-auth-clients", "yes",
        ])
        let url = "rediss://127.0.0.1:\(redis.port)/2"
        let harness = try await RedisHarness.open(redis, url: url) {
            $0.tls = TLSClientOptions(
                authoritiesFile: server.file, certificateFile: client.file, keyFile: client.key)
        }
        let long = String(repeating: "긴 ", count: 100_000)
        _ = try await harness.append("t1", answer: long)
        #expect(try await harness.texts() == ["q", long])
        await harness.opened.close()
        for (options, words) in [
            (TLSClientOptions(authoritiesFile: client.file), "certificate"),
            (TLSClientOptions(authoritiesFile: server.file), "certificate"),
            (TLSClientOptions(authoritiesFile: folder + "/none.pem"), "none.pem"),
        ] {
            let error = await #expect(throws: RedisOpenError.self) {
                _ = try await RedisHarness.open(redis, url: url) { $0.tls = options }
            }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
        try await redis.stop()
        for file in [server.file, server.key, client.file, client.key] { unlink(file) }
        rmdir(folder)
    }
}
