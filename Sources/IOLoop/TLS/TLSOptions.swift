// What an operator says about TLS: files, and what can be wrong with them.

internal import Glibc

/// How a client checks servers, and who it is itself.
package struct TLSClientOptions: Sendable {
    /// A PEM file of the authorities that servers' certificates are checked against; nil for the system's.
    package var authoritiesFile: String?
    /// A PEM file with the client's certificate and, after it, those between it and its authority; for servers that
    /// demand one.
    package var certificateFile: String?
    /// The PEM file of the certificate's private key, without a passphrase.
    package var keyFile: String?

    package init(authoritiesFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        self.authoritiesFile = authoritiesFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// Who a server is, and which clients it lets in.
package struct TLSServerOptions: Sendable {
    /// A PEM file with the server's certificate and, after it, those between it and its authority.
    package var certificateFile: String
    /// The PEM file of the certificate's private key, without a passphrase.
    package var keyFile: String
    /// A PEM file of authorities: each client must then have a certificate of one of them.
    package var clientAuthoritiesFile: String?

    package init(certificateFile: String, keyFile: String, clientAuthoritiesFile: String? = nil) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.clientAuthoritiesFile = clientAuthoritiesFile
    }
}

/// What a file is for.
package enum TLSFileKind: Sendable, Equatable {
    case authorities
    case certificate
    case key

    fileprivate var name: String {
        switch self {
        case .authorities: "file of authorities"
        case .certificate: "certificate file"
        case .key: "key file"
        }
    }

    fileprivate var expected: String {
        switch self {
        case .authorities: "certificates in PEM form (\"-----BEGIN CERTIFICATE-----\")"
        case .certificate: "a certificate in PEM form, followed by those between it and its authority"
        case .key: "a private key in PEM form (\"-----BEGIN PRIVATE KEY-----\")"
        }
    }
}

/// Why there is no TLS context or filter. The words say what to do; none of them come from inside a file.
package enum TLSSetupError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(TLSFileKind, path: String, SystemError)
    /// The file is there, and is not what it should be. The reason is OpenSSL's.
    case unusable(TLSFileKind, path: String, reason: String)
    case keyHasPassphrase(path: String)
    case keyOfAnotherCertificate(certificate: String, key: String)
    case certificateWithoutKey(certificate: String)
    case keyWithoutCertificate(key: String)
    /// Neither a host name nor an IP address.
    case invalidServerName(String)
    /// OpenSSL itself does not work here.
    case libraryFailed(String)

    package var description: String {
        switch self {
        case .unreadable(let kind, let path, let error):
            "TLS: the \(kind.name) \(path) cannot be read: \(error)"
        case .unusable(let kind, let path, let reason):
            "TLS: the \(kind.name) \(path) is of no use (\(reason)): it must hold \(kind.expected)"
        case .keyHasPassphrase(let path):
            "TLS: the key in \(path) has a passphrase: remove it with `openssl pkey`, and let file permissions guard it"
        case .keyOfAnotherCertificate(let certificate, let key):
            "TLS: the key in \(key) does not belong to the first certificate in \(certificate): name the pair that was "
                + "made together, and put the own certificate before its authorities'"
        case .certificateWithoutKey(let certificate):
            "TLS: the certificate in \(certificate) is of no use without its key: name the key file, too"
        case .keyWithoutCertificate(let key):
            "TLS: the key in \(key) is of no use without its certificate: name the certificate file, too"
        case .invalidServerName(let name):
            "TLS: \"\(name)\" is neither a host name in ASCII letters nor an IP address"
        case .libraryFailed(let reason):
            "TLS: OpenSSL does not work here (\(reason)): check its installation and openssl.cnf"
        }
    }
}
