// How an exchange fails. Messages name the host at most: no user information, path, query, header or body.

/// A failed request. Whether anything was sent can be told from the kind: see `isBeforeRequest`.
package struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// The URL, method, a header or the proxy's address cannot be used.
        case invalidURL
        /// The host's name, or the proxy's, is not known.
        case resolve
        /// Nobody accepted the connection, or its address is not allowed.
        case connectFailed
        /// No TLS: most often a certificate that is not trusted.
        case tls
        case timedOut(HTTPTimeLimit)
        /// The connection ended before the response did.
        case interrupted
        /// A part of the request or the response's headers passed a limit of `HTTPClientLimits`.
        case tooLarge
        /// The loop has `HTTPClientLimits.transfersMax` exchanges already.
        case tooManyTransfers
        /// What came back is not HTTP/1.1.
        case protocolError
    }

    package let kind: Kind
    /// For logs and for a caller's eyes.
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }

    /// True when no byte of the request can have reached the server, so that another attempt cannot do its work twice.
    package var isBeforeRequest: Bool {
        switch kind {
        case .invalidURL, .resolve, .connectFailed, .tls, .timedOut(.connect), .tooManyTransfers: true
        case .timedOut, .interrupted, .tooLarge, .protocolError: false
        }
    }
}
