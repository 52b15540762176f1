// Handshakes that must fail: both sides end, and the words tell an operator what is wrong.

import CLinux
import Glibc
import Testing

@testable import IOLoop

@Suite("TLS refusals", .timeLimit(.minutes(2)))
struct TLSRefusalTests {
    let onLoop: LoopActor

    init() throws { onLoop = LoopActor(try IOLoop(label: "test")) }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var client: @Sendable (Certificates) throws -> TLSContext = { try $0.clientContext() }
        var server: @Sendable (Certificates) throws -> TLSContext = { try $0.serverContext() }
        var name = "redis.example"
        /// What the client's words contain.
        var told: [String]
        var toldServer: [String]
    }

    static let cases = [
        Case(
            testDescription: "an authority that the client does not trust",
            client: { try $0.clientContext(trusting: $0.stranger) },
            told: ["the server's certificate is refused", "no trusted authority vouches for it", "stranger.pem"],
            toldServer: ["the client refused this server's certificate", "unknown CA"]),
        Case(
            testDescription: "the system's authorities do not know the server's",
            client: { _ in try TLSContext(client: TLSClientOptions()) },
            told: ["no trusted authority vouches for it", "trusted are the system's"],
            toldServer: ["unknown CA"]),
        Case(
            testDescription: "an expired certificate", server: { try $0.serverContext($0.expired) },
            told: ["the server's certificate is refused", "certificate has expired", "renew it"],
            toldServer: ["the client refused this server's certificate", "certificate expired"]),
        Case(
            testDescription: "another host name", name: "other.example",
            told: ["it is not for other.example", "hostname mismatch"],
            toldServer: ["the client refused this server's certificate"]),
        Case(
            testDescription: "another address", name: "127.0.0.2",
            told: ["it is not for 127.0.0.2", "IP address mismatch"],
            toldServer: ["the client refused this server's certificate"]),
        Case(
            testDescription: "no client certificate where one is demanded",
            server: { try $0.serverContext(demanding: $0.authority) },
            told: ["the server demands a client certificate", "name one and its key"],
            toldServer: ["the client gave no certificate, and one is demanded"]),
        Case(
            testDescription: "a client certificate of an authority that the server does not trust",
            client: { try $0.clientContext(as: $0.strangeClient) },
            server: { try $0.serverContext(demanding: $0.authority) },
            told: ["the server refused this client's certificate", "unknown CA"],
            toldServer: ["the client's certificate is refused", "no trusted authority vouches for it"]),
    ]

    /// Much is written at once: a server that refuses late has unread bytes in its socket, and its alert must arrive
    /// all the same.
    @Test("both sides are told", arguments: cases)
    func refusal(_ this: Case) async throws {
        let certificates = try await Certificates.made()
        let (end, serverEnd, atServer) = try await onLoop.run { actor in
            let server = try secureEcho(try this.server(certificates), on: actor.loop)
            defer { server.close() }
            let filter = try this.client(certificates).makeClientFilter(serverName: this.name)
            let client = try await Collector.connect(to: server.address, on: actor.loop, filter: filter)
            defer { client.stream.close() }
            client.stream.write { $0.append(contentsOf: [UInt8](repeating: 1, count: 2_000_000)) }
            let end = try await client.nextEnd(on: actor.loop)
            return (end, try await server.nextEnd(), server.receivedBytes)
        }
        expect(end, this.told)
        expect(serverEnd, this.toldServer)
        // Nothing of it got to the server's owner.
        #expect(atServer == 0)
    }

    @Test("a client certificate of the right authority opens the door")
    func clientCertificate() async throws {
        let certificates = try await Certificates.made()
        let received = try await onLoop.run { actor in
            let context = try certificates.serverContext(demanding: certificates.authority)
            let server = try secureEcho(context, on: actor.loop)
            defer { server.close() }
            let filter = try certificates.clientContext(as: certificates.client).makeClientFilter(
                serverName: "redis.example")
            let client = try await Collector.connect(to: server.address, on: actor.loop, filter: filter)
            defer { client.stream.close() }
            client.stream.write { $0.append(contentsOf: [1, 2, 3]) }
            return try await client.bytes(3, on: actor.loop)
        }
        #expect(received == [1, 2, 3])
    }

    @Test(
        "a server that does not speak TLS is told from one that does",
        arguments: ["-ERR unknown command\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\0\0\0\0\0\0\0\0\0"])
    func plainServer(answer: String) async throws {
        let context = try await Certificates.made().clientContext()
        let end = try await onLoop.run { actor in
            let peer = try RawPeer(on: actor.loop) { stream, _ in
                stream.write { $0.append(contentsOf: answer.utf8) }
            }
            defer { peer.close() }
            let filter = try context.makeClientFilter(serverName: "redis.example")
            let client = try await Collector.connect(to: peer.address, on: actor.loop, filter: filter)
            defer { client.stream.close() }
            return try await client.nextEnd(on: actor.loop)
        }
        expect(end, ["the server does not speak TLS", "check host and port"])
    }

    @Test(
        "a client that does not speak TLS is told from one that does",
        arguments: ["PING\r\nPING\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "*1\r\n$4\r\nPING\r\n"])
    func plainClient(words: String) async throws {
        let context = try await Certificates.made().serverContext()
        let end = try await onLoop.run { actor in
            let server = try secureEcho(context, on: actor.loop)
            defer { server.close() }
            let client = try await Collector.connect(to: server.address, on: actor.loop)
            defer { client.stream.close() }
            client.stream.write { $0.append(contentsOf: words.utf8) }
            return try await server.nextEnd()
        }
        expect(end, ["the client does not speak TLS", "it must connect with TLS"])
    }

    @Test("a server that closes in mid-handshake", arguments: [0, 1, 5, 40, 400])
    func closesInHandshake(answerBytes: Int) async throws {
        let certificates = try await Certificates.made()
        let end = try await onLoop.run { actor in
            let real = FilterSide(try certificates.serverContext().makeServerFilter())
            let peer = try RawPeer(on: actor.loop) { stream, hello in
                // The beginning of an answer that is right, and no more.
                do { try real.take(hello[...]) } catch { Issue.record(error) }
                stream.write { $0.append(contentsOf: real.outgoing.prefix(answerBytes)) }
                stream.finish()
            }
            defer { peer.close() }
            let filter = try certificates.clientContext().makeClientFilter(serverName: "redis.example")
            let client = try await Collector.connect(to: peer.address, on: actor.loop, filter: filter)
            defer { client.stream.close() }
            return try await client.nextEnd(on: actor.loop)
        }
        expect(end, ["the server closed the connection during the handshake", "check that this port speaks TLS"])
    }

    @Test("a client that closes in mid-handshake", arguments: [0, 1, 100])
    func clientClosesInHandshake(helloBytes: Int) async throws {
        let certificates = try await Certificates.made()
        let end = try await onLoop.run { actor in
            let server = try secureEcho(try certificates.serverContext(), on: actor.loop)
            defer { server.close() }
            let real = FilterSide(try certificates.clientContext().makeClientFilter(serverName: "redis.example"))
            try real.begin()
            let client = try await Collector.connect(to: server.address, on: actor.loop)
            defer { client.stream.close() }
            client.stream.write { $0.append(contentsOf: real.outgoing.prefix(helloBytes)) }
            client.stream.finish()
            return try await server.nextEnd()
        }
        expect(end, ["the client closed the connection during the handshake"])
    }

    @Test("a reset in mid-handshake is an end like another")
    func resetInHandshake() async throws {
        let certificates = try await Certificates.made()
        let end = try await onLoop.run { actor in
            // Bytes that are never read make the close a reset.
            let peer = try RawPeer(on: actor.loop) { stream, _ in stream.close() }
            defer { peer.close() }
            let filter = try certificates.clientContext().makeClientFilter(serverName: "redis.example")
            let client = try await Collector.connect(to: peer.address, on: actor.loop, filter: filter)
            defer { client.stream.close() }
            client.stream.write { $0.append(contentsOf: [UInt8](repeating: 1, count: 1_000_000)) }
            return try await client.nextEnd(on: actor.loop)
        }
        expect(end, ["the server closed the connection during the handshake"])
    }

    @Test("an alert is heard though a reset follows it")
    func alertBeforeReset() async throws {
        let certificates = try await Certificates.made()
        let end = try await onLoop.run { actor in
            let real = FilterSide(
                try certificates.serverContext(demanding: certificates.authority).makeServerFilter())
            var taken = 0
            let peer = try RawPeer(on: actor.loop) { stream, read in
                let isRefused = (try? real.take(read[taken...])) == nil
                taken = read.count
                stream.write { $0.append(contentsOf: real.outgoing) }
                real.outgoing = []
                guard isRefused else { return }
                stream.flush()
                // What the client goes on to send lies unread.
                stream.close()
            }
            defer { peer.close() }
            let filter = try certificates.clientContext().makeClientFilter(serverName: "redis.example")
            let client = try await Collector.connect(to: peer.address, on: actor.loop, filter: filter)
            defer { client.stream.close() }
            client.stream.write { $0.append(contentsOf: [UInt8](repeating: 1, count: 2_000_000)) }
            return try await client.nextEnd(on: actor.loop)
        }
        expect(end, ["the server demands a client certificate"])
    }

    @Test("a refused peer reads the alert and then the end, no reset, unless very many are refused at a time")
    func farewells() async throws {
        let context = try await Certificates.made().serverContext()
        let count = 80
        let outcomes = try await onLoop.run { actor in
            let server = try secureEcho(context, on: actor.loop)
            defer { server.close() }
            let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
            defer { for socket in sockets { close(socket) } }
            // A handshake that begins with a message of no known kind, and more after it than one read takes.
            let junk: [UInt8] = [22, 3, 1, 0, 4, 99, 0, 0, 0] + [UInt8](repeating: 0, count: 200_000)
            for socket in sockets {
                _ = server.address.withPointer { connect(socket, $0, $1) }
                _ = send(socket, junk, junk.count, Int32(MSG_DONTWAIT))
            }
            while server.ends.count < count { _ = try await server.nextEnd(after: server.ends.count) }
            return sockets.map(Self.readToTheEnd)
        }
        let alert: [UInt8] = [21, 3, 3, 0, 2, 2, 10]
        let farewells = outcomes.filter { $0.end == 0 }
        #expect(farewells.allSatisfy { $0.bytes == alert })
        #expect(farewells.count > 20)
        #expect(farewells.count <= 64)
        #expect(outcomes.filter { $0.end != 0 }.allSatisfy { $0.end == ECONNRESET })
    }

    /// What a socket holds, and the error after it, 0 for an orderly end.
    private static func readToTheEnd(_ socket: Int32) -> (bytes: [UInt8], end: Int32) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while true {
            let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count <= 0 { return (bytes, count == 0 ? 0 : errno) }
            bytes += buffer[..<count]
        }
    }

    private func expect(
        _ end: ByteStreamEnd, _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .filterFailed(let words) = end else {
            Issue.record("ended with \(end)", sourceLocation: sourceLocation)
            return
        }
        for part in parts { #expect(words.contains(part), sourceLocation: sourceLocation) }
    }
}
