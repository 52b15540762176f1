// The two sides of the TLS tests: contexts over the test's certificates, and pairs of filters without a socket.

import Testing

@testable import IOLoop

extension Certificates {
    func clientContext(trusting authority: Pair? = nil, as client: Pair? = nil) throws -> TLSContext {
        try TLSContext(
            client: TLSClientOptions(
                authoritiesFile: (authority ?? self.authority).certificate, certificateFile: client?.certificate,
                keyFile: client?.key))
    }

    func serverContext(_ server: Pair? = nil, demanding authority: Pair? = nil) throws -> TLSContext {
        let server = server ?? self.server
        return try TLSContext(
            server: TLSServerOptions(
                certificateFile: server.certificate, keyFile: server.key, clientAuthoritiesFile: authority?.certificate)
        )
    }
}

/// An echo server that speaks TLS.
func secureEcho(
    _ context: TLSContext, on loop: IOLoop, options: ByteStreamOptions = ByteStreamOptions()
) throws -> EchoServer {
    try EchoServer(
        on: loop, options: options,
        makeFilter: {
            do {
                return try context.makeServerFilter()
            } catch {
                Issue.record(error)
                return nil
            }
        })
}

/// One side of a connection without sockets: what it was sent, and what it has to send.
final class FilterSide {
    let filter: TLSFilter
    private(set) var received: [UInt8] = []
    var outgoing: [UInt8] = []

    init(_ filter: TLSFilter) { self.filter = filter }

    func begin() throws { try filter.begin(outbound: &outgoing) }

    func take(_ bytes: ArraySlice<UInt8>) throws {
        try Array(bytes).withUnsafeBufferPointer { buffer in
            try filter.open(buffer.span, outbound: &outgoing) { plain in
                plain.withUnsafeBufferPointer { received += $0 }
            }
        }
    }

    func write(_ plain: [UInt8]) throws {
        let before = outgoing.count
        try filter.seal(plain.span, into: &outgoing)
        #expect(outgoing.count > before, "nothing was sealed")
    }
}

/// A client and a server, and the order in which their bytes travel.
struct FilterPair {
    let client: FilterSide
    let server: FilterSide

    init(_ client: TLSContext, _ server: TLSContext, name: String = "redis.example") throws {
        self.client = FilterSide(try client.makeClientFilter(serverName: name))
        self.server = FilterSide(try server.makeServerFilter())
        try self.client.begin()
        try self.server.begin()
    }

    /// Moves all that there is, until there is nothing any more; each side's bytes go through its cutter.
    func exchange(toServer: inout Cutter, toClient: inout Cutter) throws {
        while !client.outgoing.isEmpty || !server.outgoing.isEmpty {
            try toServer.pass(client, server)
            try toClient.pass(server, client)
        }
    }

    func exchange() throws {
        var (one, other) = (Cutter.whole, Cutter.whole)
        try exchange(toServer: &one, toClient: &other)
    }
}

/// Cuts a stream of bytes into pieces.
struct Cutter {
    /// Bytes of each piece.
    private let size: Int
    /// Where the stream has one cut more.
    private let cut: Int
    private(set) var passed = 0

    static var whole: Cutter { Cutter(size: .max, cut: 0) }
    static var bytewise: Cutter { Cutter(size: 1, cut: 0) }
    static func once(at cut: Int) -> Cutter { Cutter(size: .max, cut: cut) }

    mutating func pass(_ from: FilterSide, _ to: FilterSide) throws {
        var rest = from.outgoing[...]
        from.outgoing = []
        while !rest.isEmpty {
            let most = passed < cut ? min(size, cut - passed) : size
            let piece = rest.prefix(most)
            rest = rest.dropFirst(piece.count)
            passed += piece.count
            try to.take(piece)
        }
    }
}
