// The TLS filter without sockets: bytes cut anywhere, damaged bytes, names.

import Testing

@testable import IOLoop

@Suite("TLS filter", .timeLimit(.minutes(2)))
struct TLSFilterTests {
    private enum Direction: CaseIterable { case toServer, toClient }

    @Test("bytes may be cut at every place, in the handshake and after it", arguments: Direction.allCases)
    private func everyCut(direction: Direction) async throws {
        let certificates = try await Certificates.made()
        let (clientContext, serverContext) = (try certificates.clientContext(), try certificates.serverContext())
        var cut = 0
        while true {
            let pair = try FilterPair(clientContext, serverContext)
            var toServer = direction == .toServer ? Cutter.once(at: cut) : .whole
            var toClient = direction == .toClient ? Cutter.once(at: cut) : .whole
            try pair.exchange(toServer: &toServer, toClient: &toClient)
            try pair.client.write([1, 2, 3])
            try pair.server.write([4, 5, 6, 7])
            try pair.exchange(toServer: &toServer, toClient: &toClient)
            try #require(pair.server.received == [1, 2, 3], "cut at \(cut)")
            try #require(pair.client.received == [4, 5, 6, 7], "cut at \(cut)")
            cut += 1
            if cut > (direction == .toServer ? toServer : toClient).passed { break }
        }
        // A hello and a certificate have hundreds of bytes.
        #expect(cut > 300)
    }

    @Test("bytes may come one by one, many records long")
    func bytewise() async throws {
        let certificates = try await Certificates.made()
        let pair = try FilterPair(try certificates.clientContext(), try certificates.serverContext())
        var (toServer, toClient) = (Cutter.bytewise, Cutter.bytewise)
        try pair.exchange(toServer: &toServer, toClient: &toClient)
        let sent = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try pair.client.write(sent)
        try pair.server.write(sent.reversed())
        try pair.exchange(toServer: &toServer, toClient: &toClient)
        #expect(pair.server.received == sent)
        #expect(pair.client.received == sent.reversed())
        #expect(pair.client.filter.terms == pair.server.filter.terms)
        #expect(pair.client.filter.terms?.hasPrefix("TLSv1.3 ") == true)
    }

    @Test("many small records in one piece come out whole")
    func manyRecords() async throws {
        let certificates = try await Certificates.made()
        let pair = try FilterPair(try certificates.clientContext(), try certificates.serverContext())
        try pair.exchange()
        for number in 0..<3000 { try pair.client.write([UInt8(truncatingIfNeeded: number)]) }
        try pair.exchange()
        #expect(pair.server.received == (0..<3000).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test("nothing is sealed before the handshake is done")
    func nothingEarly() async throws {
        let certificates = try await Certificates.made()
        let client = try certificates.clientContext().makeClientFilter(serverName: "redis.example")
        var outbound: [UInt8] = []
        try client.seal([1, 2, 3].span, into: &outbound)
        #expect(outbound.isEmpty)
        try client.begin(outbound: &outbound)
        let hello = outbound.count
        #expect(hello > 0)
        try client.seal([1, 2, 3].span, into: &outbound)
        #expect(outbound.count == hello)
        #expect(client.terms == nil)
    }

    @Test("a damaged byte ends both sides, wherever it is")
    func damage() async throws {
        let certificates = try await Certificates.made()
        for position in [5, 10, 20, 40] {
            let pair = try FilterPair(try certificates.clientContext(), try certificates.serverContext())
            try pair.exchange()
            try pair.client.write([UInt8](repeating: 7, count: 100))
            pair.client.outgoing[position] ^= 1
            let damaged = #expect(throws: ByteStreamEnd.self) { try pair.exchange() }
            #expect(
                damaged
                    == .filterFailed("TLS: the connection is broken: decryption failed or bad record mac"))
            #expect(pair.server.received.isEmpty)
            let told = #expect(throws: ByteStreamEnd.self) { try pair.exchange() }
            #expect(told == .filterFailed("TLS: the server ended the connection with an alert: bad record mac"))
        }
    }

    @Test("the end is the peer's word for it; without it the bytes may be cut off")
    func endAndTruncation() async throws {
        let certificates = try await Certificates.made()
        let pair = try FilterPair(try certificates.clientContext(), try certificates.serverContext())
        let early = pair.client.filter.meaning(of: .peerClosed)
        guard case .filterFailed(let words) = early else {
            Issue.record("\(early)")
            return
        }
        #expect(words.contains("during the handshake"))
        try pair.exchange()
        #expect(pair.client.filter.meaning(of: .peerClosed) == .truncated)
        try pair.server.write([1])
        pair.server.filter.finish(outbound: &pair.server.outgoing)
        #expect(throws: ByteStreamEnd.peerClosed) { try pair.exchange() }
        #expect(pair.client.received == [1])
        #expect(pair.client.filter.meaning(of: .peerClosed) == .peerClosed)
    }

    @Test(
        "names that a certificate has are accepted",
        arguments: ["redis.example", "REDIS.example", "redis.example.", "a.wild.example", "127.0.0.1", "::1", "0::1"])
    func goodNames(name: String) async throws {
        let certificates = try await Certificates.made()
        let pair = try FilterPair(try certificates.clientContext(), try certificates.serverContext(), name: name)
        try pair.exchange()
        #expect(pair.client.filter.isEstablished && pair.server.filter.isEstablished)
    }

    @Test(
        "names that it has not are refused, in words",
        arguments: ["other.example", "example", "sub.redis.example", "a.b.wild.example", "wild.example", "127.0.0.2"])
    func wrongNames(name: String) async throws {
        let certificates = try await Certificates.made()
        let pair = try FilterPair(try certificates.clientContext(), try certificates.serverContext(), name: name)
        let end = #expect(throws: ByteStreamEnd.self) { try pair.exchange() }
        guard case .filterFailed(let words) = end else {
            Issue.record("\(String(describing: end))")
            return
        }
        #expect(words.contains("it is not for \(name)"))
    }

    @Test(
        "what is no name is refused before anything is sent",
        arguments: [
            "", ".", ".example", "a..b", "*.wild.example", "redis.example\0.evil", "redis example", "bücher.example",
            "[::1]", "::1%lo", String(repeating: "a", count: 254),
        ])
    func noNames(name: String) async throws {
        let context = try await Certificates.made().clientContext()
        #expect(throws: TLSSetupError.invalidServerName(name)) { try context.makeClientFilter(serverName: name) }
    }

    @Test("two connections do not share a failure: the queue of errors is emptied")
    func errorsStayApart() async throws {
        let certificates = try await Certificates.made()
        let (clientContext, serverContext) = (try certificates.clientContext(), try certificates.serverContext())
        let sound = try FilterPair(clientContext, serverContext)
        try sound.exchange()
        let broken = try FilterPair(clientContext, serverContext, name: "other.example")
        _ = #expect(throws: ByteStreamEnd.self) { try broken.exchange() }
        try sound.client.write([1])
        try sound.exchange()
        #expect(sound.server.received == [1])
    }
}
