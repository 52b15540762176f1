// What an operator decides about outgoing HTTP, once per process.

package import IOLoop

/// How a client reaches servers.
package struct HTTPClientConfiguration: Sendable {
    /// A file of certificate authorities in PEM that replaces the system's.
    package var authoritiesFile: String?
    package var proxies: ProxySettings
    /// Asked for each address before a socket for it is opened, a proxy's too; false refuses it. Must not use the
    /// client. It belongs to the client and not to a request, since a request may find a connection that another one
    /// opened.
    package var allowsAddress: (@Sendable (SocketAddress) -> Bool)?

    package init(
        authoritiesFile: String? = nil, proxies: ProxySettings = ProxySettings(),
        allowsAddress: (@Sendable (SocketAddress) -> Bool)? = nil
    ) {
        self.authoritiesFile = authoritiesFile
        self.proxies = proxies
        self.allowsAddress = allowsAddress
    }
}
