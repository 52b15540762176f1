// Certificates for the TLS tests, made once by the openssl program in a temporary folder.

import Glibc
import ProgramSupport
import Testing

/// Who vouches for whom. Paths of PEM files.
struct Certificates: Sendable {
    struct Pair: Sendable {
        var certificate: String
        var key: String
    }

    let folder: String
    /// The authority of all that is good.
    let authority: Pair
    /// An authority that nobody asked for.
    let stranger: Pair
    /// For redis.example, *.wild.example, 127.0.0.1 and ::1.
    let server: Pair
    /// For redis.example, until yesterday.
    let expired: Pair
    let client: Pair
    /// Of the stranger.
    let strangeClient: Pair
    /// The server's key, with a passphrase.
    let keyWithPassphrase: String

    /// Made at the first use; the folder goes with the process.
    static func made() async throws -> Certificates { try await once.value }

    private static let once = Task { try await Certificates() }

    private init() async throws {
        var template = Array("/tmp/chat-tls-test-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        self.folder = folder
        Folders.removeAtExit(folder)
        authority = try await Self.authority("authority", in: folder)
        stranger = try await Self.authority("stranger", in: folder)
        let names = "DNS:redis.example,DNS:*.wild.example,IP:127.0.0.1,IP:::1"
        server = try await Self.signed("server", names, by: authority, in: folder)
        expired = try await Self.signed("expired", "DNS:redis.example", by: authority, days: -1, in: folder)
        client = try await Self.signed("client", "DNS:client.example", by: authority, in: folder)
        strangeClient = try await Self.signed("strange-client", "DNS:client.example", by: stranger, in: folder)
        keyWithPassphrase = folder + "/passphrase.key"
        try await Self.openssl([
            "pkey", "-in", server.key, "-aes128", "-passout", "pass:secret", "-out", keyWithPassphrase,
        ])
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    private static func pair(_ name: String, in folder: String) -> Pair {
        Pair(certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name).key")
    }

    private static func authority(_ name: String, in folder: String) async throws -> Pair {
        let pair = pair(name, in: folder)
        try await openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=\(name)", "-keyout", pair.key, "-out", pair.certificate]
                + newKey)
        return pair
    }

    private static func signed(
        _ name: String, _ names: String, by authority: Pair, days: Int = 2, in folder: String
    ) async throws -> Pair {
        let pair = pair(name, in: folder)
        let request = "\(folder)/\(name).csr"
        try await openssl(
            ["req", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)", "-keyout", pair.key, "-out", request]
                + newKey)
        try await openssl([
            "x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key, "-days", "\(days)",
            "-copy_extensions", "copy", "-out", pair.certificate,
        ])
        return pair
    }

    private static func openssl(_ arguments: [String]) async throws {
        let result = try await ChildProgram.start("openssl", arguments).end()
        try #require(result.status == 0, "openssl \(arguments.joined(separator: " ")): \(result.errors)")
    }
}

/// Folders that go with the process.
enum Folders {
    nonisolated(unsafe) private static var path: UnsafeMutablePointer<CChar>?  // Set once, before exit reads it.

    static func removeAtExit(_ folder: String) {
        path = strdup(folder)
        atexit {
            guard let path = Folders.path, let listing = opendir(path) else { return }
            let folder = String(cString: path)
            while let entry = readdir(listing) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                unlink("\(folder)/\(name)")
            }
            closedir(listing)
            rmdir(folder)
        }
    }
}
