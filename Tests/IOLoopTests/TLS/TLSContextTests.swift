// What operators get wrong: files and names, found before the first connection, in words.

import COpenSSL
import Glibc
import Testing

@testable import IOLoop

@Suite("TLS set-up", .timeLimit(.minutes(1)))
struct TLSContextTests {
    private func failure(_ options: TLSServerOptions) -> TLSSetupError? {
        #expect(throws: TLSSetupError.self) { try TLSContext(server: options) }
    }

    private func failure(_ options: TLSClientOptions) -> TLSSetupError? {
        #expect(throws: TLSSetupError.self) { try TLSContext(client: options) }
    }

    @Test("a file that is missing or a folder is named, with the system's reason")
    func unreadable() async throws {
        let certificates = try await Certificates.made()
        let missing = SystemError(number: ENOENT, operation: "open")
        let (certificate, key) = (certificates.server.certificate, certificates.server.key)
        #expect(
            failure(TLSClientOptions(authoritiesFile: "/no/such/file"))
                == .unreadable(.authorities, path: "/no/such/file", missing))
        #expect(
            failure(TLSServerOptions(certificateFile: "/no/such/file", keyFile: key))
                == .unreadable(.certificate, path: "/no/such/file", missing))
        #expect(
            failure(TLSServerOptions(certificateFile: certificate, keyFile: "/no/such/file"))
                == .unreadable(.key, path: "/no/such/file", missing))
        #expect(
            failure(TLSClientOptions(authoritiesFile: certificates.folder))
                == .unreadable(
                    .authorities, path: certificates.folder, SystemError(number: EISDIR, operation: "read")))
        let options = TLSServerOptions(
            certificateFile: certificate, keyFile: key, clientAuthoritiesFile: "/no/such/file")
        #expect(failure(options) == .unreadable(.authorities, path: "/no/such/file", missing))
        #expect(
            failure(options)?.description
                == "TLS: the file of authorities /no/such/file cannot be read: "
                + "open: No such file or directory (errno 2)")
    }

    @Test("a file that holds something else is named, and nothing of what it holds", arguments: ["", "secret words"])
    func unusable(contents: String) async throws {
        let certificates = try await Certificates.made()
        let path = certificates.folder + "/unusable.pem"
        let file = try #require(fopen(path, "w"))
        fputs(contents, file)
        fclose(file)
        let errors = [
            failure(TLSClientOptions(authoritiesFile: path)),
            failure(TLSServerOptions(certificateFile: path, keyFile: certificates.server.key)),
            failure(TLSServerOptions(certificateFile: certificates.server.certificate, keyFile: path)),
        ]
        for (error, kind) in zip(errors, [TLSFileKind.authorities, .certificate, .key]) {
            guard case .unusable(kind, path: path, let reason) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(!reason.contains("secret"))
            #expect(error?.description.contains("PEM form") == true)
        }
    }

    @Test("key and certificate must be a pair, and the key needs no passphrase")
    func pairs() async throws {
        let certificates = try await Certificates.made()
        let (server, client) = (certificates.server, certificates.client)
        #expect(
            failure(TLSServerOptions(certificateFile: server.certificate, keyFile: client.key))
                == .keyOfAnotherCertificate(certificate: server.certificate, key: client.key))
        // It would wait at the terminal for ever.
        #expect(
            failure(TLSServerOptions(certificateFile: server.certificate, keyFile: certificates.keyWithPassphrase))
                == .keyHasPassphrase(path: certificates.keyWithPassphrase))
        #expect(
            failure(TLSClientOptions(certificateFile: client.certificate))
                == .certificateWithoutKey(certificate: client.certificate))
        #expect(failure(TLSClientOptions(keyFile: client.key)) == .keyWithoutCertificate(key: client.key))
    }

    @Test("a server's own certificate may be its client's only authority")
    func pinnedCertificate() async throws {
        let certificates = try await Certificates.made()
        let context = try certificates.clientContext(trusting: certificates.server)
        let pair = try FilterPair(context, try certificates.serverContext())
        try pair.exchange()
        #expect(pair.client.filter.isEstablished)
    }

    @Test("the settings do not depend on the system's configuration")
    func settings() async throws {
        let certificates = try await Certificates.made()
        for context in [try certificates.clientContext(), try certificates.serverContext()] {
            let oldest = SSL_CTX_ctrl(context.handle, SSL_CTRL_GET_MIN_PROTO_VERSION, 0, nil)
            #expect(oldest == Int(TLS1_2_VERSION))
            // SSL_OP_NO_TICKET, SSL_OP_NO_COMPRESSION, SSL_OP_NO_RENEGOTIATION.
            for bit: UInt64 in [14, 17, 30] { #expect(SSL_CTX_get_options(context.handle) & (1 << bit) != 0) }
        }
    }

    @Test("connections outlive the value that their context was made for")
    func contextGoesFirst() async throws {
        let certificates = try await Certificates.made()
        let pair = try FilterPair(try certificates.clientContext(), try certificates.serverContext())
        weak var context: TLSContext?
        do {
            let made = try certificates.serverContext()
            context = made
            _ = try made.makeServerFilter()
        }
        #expect(context == nil)
        try pair.exchange()
        #expect(pair.server.filter.isEstablished)
    }
}
