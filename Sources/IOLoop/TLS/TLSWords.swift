// What went wrong in a handshake, in words for an operator: what is wrong, and where to look.

internal import COpenSSL

/// What OpenSSL left in this thread's error queue.
struct OpenSSLErrors {
    private struct Code: Equatable {
        let library: Int32
        let reason: Int32
    }
    private let codes: [Code]
    let words: String

    /// Takes all errors out of the queue, so that the next caller on this thread does not find them.
    static func take() -> OpenSSLErrors {
        var codes: [Code] = []
        var words: String?
        while case let code = ERR_get_error(), code != 0 {
            codes.append(Code(library: ERR_GET_LIB(code), reason: ERR_GET_REASON(code)))
            // The first is the cause; what follows says who passed it on.
            if words == nil { words = ERR_reason_error_string(code).map { String(cString: $0) } }
        }
        return OpenSSLErrors(codes: codes, words: words ?? "no reason given")
    }

    /// The reason of the first error of the TLS layer itself.
    var tlsReason: Int32? { codes.first { $0.library == ERR_LIB_SSL }?.reason }

    /// The number of the alert that the peer sent, if that is what happened.
    var alert: Int32? {
        guard let tlsReason, (SSL_AD_REASON_OFFSET..<SSL_AD_REASON_OFFSET + 256).contains(tlsReason) else { return nil }
        return tlsReason - SSL_AD_REASON_OFFSET
    }

    var saysKeyDoesNotFit: Bool {
        codes.contains(Code(library: ERR_LIB_X509, reason: X509_R_KEY_VALUES_MISMATCH))
            || codes.contains(Code(library: ERR_LIB_X509, reason: X509_R_KEY_TYPE_MISMATCH))
    }
}

extension TLSFacts {
    private var peer: String { isClient ? "server" : "client" }
    private var own: String { isClient ? "client" : "server" }

    /// Why the connection cannot go on.
    ///
    /// - Parameters:
    ///   - verifyResult: what the check of the peer's certificate came to.
    ///   - name: whom a client expects.
    func words(
        for errors: OpenSSLErrors, verifyResult: Int, name: TLSServerName?, isEstablished: Bool
    ) -> String {
        if let alert = errors.alert { return words(forAlert: alert) }
        switch errors.tlsReason {
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return "TLS: the \(peer)'s certificate is refused: \(words(forVerifyResult: verifyResult, name: name))"
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return "TLS: the client gave no certificate, and one is demanded"
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_NO_PROTOCOLS_AVAILABLE:
            return "TLS: the \(peer) speaks no version from 1.2 on (\(errors.words))"
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_GROUPS:
            return "TLS: the \(peer) has no cipher in common with this \(own) (\(errors.words))"
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_BAD_RECORD_TYPE,
            SSL_R_RECORD_TOO_SMALL, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_ENCRYPTED_LENGTH_TOO_LONG,
            SSL_R_UNKNOWN_PROTOCOL:
            guard !isEstablished else { break }
            let advice = isClient ? "check host and port, or connect without TLS" : "it must connect with TLS"
            return "TLS: the \(peer) does not speak TLS (\(errors.words)): \(advice)"
        default: break
        }
        let phase = isEstablished ? "the connection is broken" : "the handshake failed"
        return "TLS: \(phase): \(errors.words)"
    }

    /// The socket ended before the handshake did.
    var endedInHandshake: String {
        isClient
            ? "TLS: the server closed the connection during the handshake: check that this port speaks TLS"
            : "TLS: the client closed the connection during the handshake"
    }

    var handshakeTimedOut: String { "TLS: the \(peer) did not end the handshake in time" }

    private func words(forVerifyResult result: Int, name: TLSServerName?) -> String {
        let reason = String(cString: X509_verify_cert_error_string(result))
        switch Int32(truncatingIfNeeded: result) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "\(reason): renew it, or set this machine's clock"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "\(reason): check the clocks of both machines"
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let wanted = name.map { "\($0)" } ?? "this name"
            return "it is not for \(wanted) (\(reason)): connect by a name that it has, or have one made for \(wanted)"
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_CERT_UNTRUSTED:
            return "no trusted authority vouches for it (\(reason)); trusted are \(authorities)"
        case X509_V_ERR_INVALID_PURPOSE:
            return "it is not made for a \(peer) (\(reason))"
        default:
            return reason
        }
    }

    private func words(forAlert alert: Int32) -> String {
        let reason = String(cString: SSL_alert_desc_string_long(alert))
        switch alert {
        case SSL_AD_CERTIFICATE_REQUIRED, SSL_AD_NO_CERTIFICATE:
            return "TLS: the \(peer) demands a \(own) certificate (\(reason)): name one and its key"
        case SSL_AD_BAD_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_CERTIFICATE_REVOKED,
            SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_UNKNOWN_CA, SSL_AD_ACCESS_DENIED:
            return hasCertificate
                ? "TLS: the \(peer) refused this \(own)'s certificate (\(reason))"
                : "TLS: the \(peer) refused this \(own), which has no certificate (\(reason)): name one and its key"
        case SSL_AD_HANDSHAKE_FAILURE:
            let demand = isClient && !hasCertificate ? ", or it demands a client certificate" : ""
            return "TLS: the \(peer) refused the handshake (\(reason)): no cipher or version in common\(demand)"
        case SSL_AD_PROTOCOL_VERSION:
            return "TLS: the \(peer) has no version in common with this \(own), which speaks 1.2 and newer (\(reason))"
        case SSL_AD_UNRECOGNIZED_NAME:
            return "TLS: the \(peer) is not responsible for the name that it was asked for (\(reason))"
        default:
            return "TLS: the \(peer) ended the connection with an alert: \(reason)"
        }
    }
}
