// Where the server listens, as an operator writes it.

package import IOLoop

/// An address to listen on: `HOST:PORT`, `[IPv6]:PORT` or `unix:PATH`.
package struct ListenAddress: Sendable, Equatable {
    package var endpoint: Endpoint

    package init(_ endpoint: Endpoint) { self.endpoint = endpoint }

    /// True where only processes of this machine can connect, so that plain text harms nobody. A name other than
    /// `localhost` counts as not loopback: what it resolves to may change.
    package var isLoopback: Bool {
        switch endpoint {
        case .unix: true
        case .host(let host, let port):
            host == "localhost" || SocketAddress(numericHost: host, port: port)?.isLoopback == true
        }
    }
}
