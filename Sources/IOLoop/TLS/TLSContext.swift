// What all connections of one client or server share: files read once, and OpenSSL's settings.

internal import COpenSSL
internal import Glibc

/// An `SSL_CTX`. Made before the first connection, by blocking reads; then used from any loop.
package final class TLSContext: @unchecked Sendable {
    // Because the SSL_CTX is not changed after `init`, and OpenSSL makes connections of one from any thread; it counts
    // those who hold it with an atomic.
    let handle: OpaquePointer
    let facts: TLSFacts

    /// For connections to servers, whose certificates are always checked.
    ///
    /// - Throws: `TLSSetupError`.
    package init(client options: TLSClientOptions) throws(TLSSetupError) {
        handle = try Self.make(TLS_client_method())
        let authorities = options.authoritiesFile
        facts = TLSFacts(
            isClient: true, authorities: authorities.map { "those in \($0)" } ?? "the system's",
            hasCertificate: options.certificateFile != nil)
        SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nil)
        if let authorities {
            try trust(authorities)
        } else if SSL_CTX_set_default_verify_paths(handle) != 1 {
            throw .libraryFailed(OpenSSLErrors.take().words)
        }
        switch (options.certificateFile, options.keyFile) {
        case (let certificate?, let key?): try show(certificate: certificate, key: key)
        case (let certificate?, nil): throw .certificateWithoutKey(certificate: certificate)
        case (nil, let key?): throw .keyWithoutCertificate(key: key)
        case (nil, nil): break
        }
    }

    /// For connections from clients.
    ///
    /// - Throws: `TLSSetupError`.
    package init(server options: TLSServerOptions) throws(TLSSetupError) {
        handle = try Self.make(TLS_server_method())
        facts = TLSFacts(
            isClient: false, authorities: options.clientAuthoritiesFile.map { "those in \($0)" } ?? "none",
            hasCertificate: true)
        try show(certificate: options.certificateFile, key: options.keyFile)
        guard let authorities = options.clientAuthoritiesFile else { return }
        SSL_CTX_set_verify(handle, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        try trust(authorities)
        // Clients with several certificates choose by these names. The context owns the list.
        SSL_CTX_set_client_CA_list(handle, SSL_load_client_CA_file(authorities))
    }

    deinit { SSL_CTX_free(handle) }

    /// A filter for one connection to a server, which must prove that it is `serverName`: the host name or IP address
    /// that the user wrote, not one that a resolver made of it.
    ///
    /// The handshake begins with the stream, and what is written before its end waits in the outbox. How long it may
    /// take is the owner's affair: its deadline for the first answer covers connect, handshake and answer in one.
    /// - Throws: `TLSSetupError`.
    package func makeClientFilter(serverName: String) throws(TLSSetupError) -> TLSFilter {
        precondition(facts.isClient, "a server's context makes no client filters")
        guard let name = TLSServerName(serverName) else { throw .invalidServerName(serverName) }
        return try TLSFilter(self, expecting: name)
    }

    /// A filter for one connection from a client. Its owner bounds the time until the first bytes come.
    ///
    /// - Throws: `TLSSetupError`.
    package func makeServerFilter() throws(TLSSetupError) -> TLSFilter {
        precondition(!facts.isClient, "a client's context makes no server filters")
        return try TLSFilter(self, expecting: nil)
    }

    private static func make(_ method: OpaquePointer?) throws(TLSSetupError) -> OpaquePointer {
        ERR_clear_error()
        guard let handle = SSL_CTX_new(method) else { throw .libraryFailed(OpenSSLErrors.take().words) }
        guard copenssl_context_set_up(handle) == 1 else {
            SSL_CTX_free(handle)
            throw .libraryFailed(OpenSSLErrors.take().words)
        }
        return handle
    }

    private func trust(_ path: String) throws(TLSSetupError) {
        try Self.checkReadable(.authorities, path)
        ERR_clear_error()
        guard SSL_CTX_load_verify_file(handle, path) == 1 else {
            throw .unusable(.authorities, path: path, reason: OpenSSLErrors.take().words)
        }
        // An authority that the operator named is trusted whether or not another one vouches for it.
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(handle), UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    /// Loads our own certificate.
    private func show(certificate: String, key: String) throws(TLSSetupError) {
        try Self.checkReadable(.certificate, certificate)
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(handle, certificate) == 1 else {
            throw .unusable(.certificate, path: certificate, reason: OpenSSLErrors.take().words)
        }
        try Self.checkReadable(.key, key)
        ERR_clear_error()
        // Without this OpenSSL asks on the terminal, and waits.
        var isPassphraseAsked = false
        let result = withUnsafeMutablePointer(to: &isPassphraseAsked) { pointer in
            SSL_CTX_set_default_passwd_cb_userdata(handle, pointer)
            SSL_CTX_set_default_passwd_cb(handle) { _, _, _, asked in
                asked?.assumingMemoryBound(to: Bool.self).pointee = true
                return -1
            }
            defer {
                SSL_CTX_set_default_passwd_cb(handle, nil)
                SSL_CTX_set_default_passwd_cb_userdata(handle, nil)
            }
            return SSL_CTX_use_PrivateKey_file(handle, key, SSL_FILETYPE_PEM)
        }
        guard result == 1 else {
            let errors = OpenSSLErrors.take()
            if isPassphraseAsked { throw .keyHasPassphrase(path: key) }
            if errors.saysKeyDoesNotFit { throw .keyOfAnotherCertificate(certificate: certificate, key: key) }
            throw .unusable(.key, path: key, reason: errors.words)
        }
    }

    /// OpenSSL's own words for a file that is missing are poor.
    private static func checkReadable(_ kind: TLSFileKind, _ path: String) throws(TLSSetupError) {
        do throws(SystemError) {
            let file = OwnedDescriptor(
                try SystemCalls.checked("open") { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) })
            var byte: UInt8 = 0
            let number = file.number
            // A folder can be opened, and not read.
            try SystemCalls.checked("read") { Int32(truncatingIfNeeded: read(number, &byte, 1)) }
        } catch {
            throw .unreadable(kind, path: path, error)
        }
    }
}

/// What the words about a failed handshake must know.
struct TLSFacts: Sendable {
    let isClient: Bool
    let authorities: String
    let hasCertificate: Bool
}
