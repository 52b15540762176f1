// TLS over real sockets, our client to our server: what arrives, how it ends, what waits meanwhile.

import CLinux
import Glibc
import Testing

@testable import IOLoop

@Suite("TLS stream", .timeLimit(.minutes(2)))
struct TLSStreamTests {
    let onLoop: LoopActor

    init() throws { onLoop = LoopActor(try IOLoop(label: "test")) }

    @Test("echoes what it reads, whatever the size", arguments: [1, 138, 65_536, 3_000_000])
    func echoes(size: Int) async throws {
        let certificates = try await Certificates.made()
        let sent = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let (received, counted) = try await onLoop.run { actor in
            let server = try secureEcho(try certificates.serverContext(), on: actor.loop)
            defer { server.close() }
            let filter = try certificates.clientContext().makeClientFilter(serverName: "127.0.0.1")
            let client = try await Collector.connect(to: server.address, on: actor.loop, filter: filter)
            defer { client.stream.close() }
            // Before the handshake has begun.
            client.stream.write { $0.append(contentsOf: sent) }
            #expect(!filter.isEstablished)
            let received = try await client.bytes(sent.count, on: actor.loop)
            return (received, client.stream.takenBytes)
        }
        #expect(received == sent)
        // Plain bytes, as those who wrote them count them.
        #expect(counted == size)
    }

    @Test("16 MiB go both ways, and no side holds more than its marks allow while the other does not read")
    func backPressure() async throws {
        let certificates = try await Certificates.made()
        let size = 16 * 1024 * 1024
        let step = 32 * 1024
        let options = ByteStreamOptions()
        let (received, mostQueued, mostQueuedThere, pauses) = try await onLoop.run { actor in
            let server = try secureEcho(try certificates.serverContext(), on: actor.loop, options: options)
            defer { server.close() }
            let filter = try certificates.clientContext().makeClientFilter(serverName: "127.0.0.1")
            let client = try await Collector.connect(
                to: server.address, on: actor.loop, options: options, filter: filter)
            defer { client.stream.close() }
            let sender = PacedSender(client.stream, size: size, step: step)
            var peer: EchoServer.EchoConnection?
            server.afterRead = { connection, _ in peer = connection }
            client.onWritable = { sender.send() }
            sender.send()
            _ = try await client.bytes(1, on: actor.loop)
            client.stream.pauseReading()
            // Until the echo has nowhere to go, and then what feeds it.
            try await wait(on: actor.loop, until: .now + .seconds(30)) { waiter in
                if let peer, peer.pauses > 0 { waiter.resume(returning: ()) }
                server.afterRead = { connection, _ in
                    if connection.pauses > 0 { waiter.resume(returning: ()) }
                }
            }
            #expect(client.collected.count < size)
            #expect(sender.sent < size)
            client.stream.resumeReading()
            let received = try await client.bytes(size, on: actor.loop)
            return (received, sender.mostQueuedBytes, peer?.mostQueuedBytes ?? 0, peer?.pauses ?? 0)
        }
        #expect(received.count == size)
        #expect(received.enumerated().allSatisfy { $1 == PacedSender.byte(at: $0) })
        #expect(pauses > 0)
        #expect(mostQueued < options.highWaterBytes + step)
        #expect(mostQueuedThere < options.highWaterBytes + 2 * LoopLimits.scratchBytes)
    }

    @Test("what is written before the handshake is done counts against the marks, and room is told only after it")
    func fullBeforeHandshake() async throws {
        let certificates = try await Certificates.made()
        try await onLoop.run { actor in
            let server = try secureEcho(try certificates.serverContext(), on: actor.loop)
            defer { server.close() }
            let filter = try certificates.clientContext().makeClientFilter(serverName: "127.0.0.1")
            let client = try await Collector.connect(to: server.address, on: actor.loop, filter: filter)
            defer { client.stream.close() }
            var wasEstablished: [Bool] = []
            client.onWritable = { wasEstablished.append(filter.isEstablished) }
            client.stream.write { $0.append(contentsOf: [UInt8](repeating: 1, count: 300_000)) }
            #expect(client.stream.isFull)
            _ = try await client.bytes(300_000, on: actor.loop)
            #expect(!client.stream.isFull)
            #expect(wasEstablished == [true])
        }
    }

    @Test("a stream that is finished at once says all that was written, and then that it is the end")
    func finishAtOnce() async throws {
        let certificates = try await Certificates.made()
        let (bytes, end, ownEnd) = try await onLoop.run { actor in
            let server = try secureEcho(try certificates.serverContext(), on: actor.loop)
            defer { server.close() }
            let filter = try certificates.clientContext().makeClientFilter(serverName: "127.0.0.1")
            let client = try await Collector.connect(to: server.address, on: actor.loop, filter: filter)
            client.stream.write { $0.append(contentsOf: [UInt8](repeating: 1, count: 100_000)) }
            client.stream.finish()
            let end = try await server.nextEnd()
            let bytes = server.receivedBytes
            return (bytes, end, try await client.nextEnd(on: actor.loop))
        }
        #expect(bytes == 100_000)
        #expect(end == .peerClosed)
        #expect(ownEnd == .peerClosed)
    }

    @Test("an end without the peer's word is told from one with it", arguments: [true, false], [true, false])
    func truncation(isClientFirst: Bool, saysSo: Bool) async throws {
        let certificates = try await Certificates.made()
        let end = try await onLoop.run { actor in
            let server = try secureEcho(try certificates.serverContext(), on: actor.loop)
            defer { server.close() }
            let filter = try certificates.clientContext().makeClientFilter(serverName: "127.0.0.1")
            let client = try await Collector.connect(to: server.address, on: actor.loop, filter: filter)
            defer { client.stream.close() }
            var there: ByteStream?
            server.afterRead = { connection, _ in there = connection.stream }
            client.stream.write { $0.append(1) }
            _ = try await client.bytes(1, on: actor.loop)
            let ending = isClientFirst ? client.stream : try #require(there)
            if saysSo { ending.finish() } else { ending.close() }
            return isClientFirst ? try await server.nextEnd() : try await client.nextEnd(on: actor.loop)
        }
        #expect(end == (saysSo ? .peerClosed : .truncated))
    }

    @Test("a handshake that never ends is bounded by the caller's deadline, or by the write timeout")
    func silentPeer() async throws {
        let context = try await Certificates.made().clientContext()
        try await onLoop.run { actor in
            // The kernel accepts, and nobody says a word.
            let peer = try RawPeer(on: actor.loop)
            defer { peer.close() }
            let filter = try context.makeClientFilter(serverName: "redis.example")
            let client = try await Collector.connect(to: peer.address, on: actor.loop, filter: filter)
            client.stream.write { $0.append(contentsOf: Array("PING\r\n".utf8)) }
            // One deadline for handshake and first answer; whoever passes it closes the stream.
            await #expect(throws: DeadlineExceeded()) {
                _ = try await client.bytes(1, on: actor.loop, until: .now + .milliseconds(50))
            }
            #expect(!filter.isEstablished)
            client.stream.close()

            var options = ByteStreamOptions()
            options.writeTimeout = .milliseconds(50)
            let other = try await Collector.connect(
                to: peer.address, on: actor.loop, options: options,
                filter: try context.makeClientFilter(serverName: "redis.example"))
            other.stream.write { $0.append(contentsOf: Array("PING\r\n".utf8)) }
            let end = try await other.nextEnd(on: actor.loop)
            #expect(end == .filterFailed("TLS: the server did not end the handshake in time"))
        }
    }
}

/// Writes a pattern, a step at a time, while its stream has room. On its loop only.
private final class PacedSender {
    private let stream: ByteStream
    private let size: Int
    private let step: Int
    private(set) var sent = 0
    private(set) var mostQueuedBytes = 0

    init(_ stream: ByteStream, size: Int, step: Int) { (self.stream, self.size, self.step) = (stream, size, step) }

    static func byte(at index: Int) -> UInt8 { UInt8(truncatingIfNeeded: (index &* 31) ^ (index >> 12)) }

    func send() {
        while sent < size, !stream.isFull {
            let part = sent..<min(sent + step, size)
            stream.write { $0.append(contentsOf: part.map(Self.byte)) }
            sent = part.upperBound
            mostQueuedBytes = max(mostQueuedBytes, stream.queuedBytes)
        }
    }
}
