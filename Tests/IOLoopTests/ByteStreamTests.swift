// Listener and byte stream over real sockets: echo, back-pressure, ends, the filter's seam.

import Glibc
import Synchronization
import Testing

@testable import IOLoop

@Suite("Byte stream", .timeLimit(.minutes(1)))
struct ByteStreamTests {
    let onLoop: LoopActor

    init() throws { onLoop = LoopActor(try IOLoop(label: "test")) }

    @Test("echoes what it reads, whatever the size", arguments: [1, 138, 65_536, 3_000_000])
    func echoes(size: Int) async throws {
        let sent = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let received = try await onLoop.run { actor in
            let server = try EchoServer(on: actor.loop)
            defer { server.close() }
            let client = try await Collector.connect(to: server.address, on: actor.loop)
            defer { client.stream.close() }
            client.stream.write { $0.append(contentsOf: sent) }
            return try await client.bytes(sent.count, on: actor.loop)
        }
        #expect(received == sent)
    }

    @Test("carries bytes over a Unix socket and takes over a stale socket file")
    func unixSocket() async throws {
        let path = "/tmp/chat-loop-test-\(getpid()).sock"
        defer { unlink(path) }
        let received = try await onLoop.run { actor in
            // A file that a killed server left behind.
            let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            let bound = SocketAddress(unixPath: path).withPointer { bind(stale, $0, $1) }
            #expect(bound == 0)
            close(stale)
            let server = try EchoServer(on: actor.loop, address: SocketAddress(unixPath: path))
            defer { server.close() }
            let client = try await Collector.connect(to: server.address, on: actor.loop)
            defer { client.stream.close() }
            client.stream.write { $0.append(contentsOf: [1, 2, 3]) }
            return try await client.bytes(3, on: actor.loop)
        }
        #expect(received == [1, 2, 3])
    }

    @Test("leaves a file alone that is no socket, and says that the address is in use")
    func noSocketFile() async throws {
        let path = "/tmp/chat-loop-test-file-\(getpid())"
        defer { unlink(path) }
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        close(file)
        await #expect(throws: SystemError(number: EADDRINUSE, operation: "bind")) {
            try await onLoop.run { actor in
                let server = try EchoServer(on: actor.loop, address: SocketAddress(unixPath: path))
                server.close()
            }
        }
        #expect(access(path, F_OK) == 0)
    }

    @Test("answers that were given before the peer closed its half still reach it")
    func halfClose() async throws {
        let received = try await onLoop.run { actor in
            let server = try EchoServer(on: actor.loop)
            defer { server.close() }
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            _ = server.address.withPointer { connect(socket, $0, $1) }
            // Both are there before the server looks: its read sees the bytes and the end.
            _ = send(socket, [1, 2, 3] as [UInt8], 3, 0)
            shutdown(socket, Int32(SHUT_WR))
            _ = try await server.nextEnd()
            var answer = [UInt8](repeating: 0, count: 8)
            let count = recv(socket, &answer, answer.count, Int32(MSG_DONTWAIT))
            return Array(answer.prefix(max(0, count)))
        }
        #expect(received == [1, 2, 3])
    }

    @Test("ends a peer that reads nothing for the write timeout")
    func writeTimeout() async throws {
        let end = try await onLoop.run { actor in
            var options = ByteStreamOptions()
            options.writeTimeout = .milliseconds(100)
            let server = try EchoServer(on: actor.loop, options: options)
            defer { server.close() }
            let client = try await Collector.connect(to: server.address, on: actor.loop)
            defer { client.stream.close() }
            client.stream.pauseReading()
            client.stream.write { $0.append(contentsOf: [UInt8](repeating: 1, count: 30_000_000)) }
            return try await server.nextEnd()
        }
        // The kernel's own limit (TCP_USER_TIMEOUT) may be the quicker one.
        let kernelEnd = ByteStreamEnd.failed(SystemError(number: ETIMEDOUT, operation: "recv"))
        #expect([.writeTimedOut, kernelEnd].contains(end))
    }

    @Test("tells of progress when asked, once for each time, and not while the peer reads nothing")
    func progress() async throws {
        let (whileStuck, afterwards) = try await onLoop.run { actor in
            let (near, far) = try Self.pair(on: actor.loop)
            defer { near.close() }
            defer { far.close() }
            let asking = AskingHandler(near)
            try near.start(asking)
            // More than the socket takes, and what it leaves is below the low-water mark.
            near.write { $0.append(contentsOf: [UInt8](repeating: 1, count: 300_000)) }
            near.callWhenWritable()
            for _ in 0..<50 { try await actor.loop.sleep(until: .now + .microseconds(100)) }
            let stuck = asking.calls
            let sink = SinkHandler()
            try far.start(sink)
            try await wait(on: actor.loop, until: .now + .seconds(20)) { waiter in
                sink.wanted = 300_000
                sink.waiter = waiter
            }
            return (stuck, asking.calls)
        }
        // The first pass took what the socket had room for.
        #expect(whileStuck <= 1)
        #expect(afterwards > whileStuck)
    }

    @Test("a stream that was paused learns of the end that came meanwhile")
    func endWhilePaused() async throws {
        let end = try await onLoop.run { actor in
            let (near, far) = try Self.pair(on: actor.loop)
            defer { far.close() }
            let sink = SinkHandler()
            try far.start(sink)
            far.pauseReading()
            near.write { $0.append(contentsOf: [1, 2, 3]) }
            near.finish()
            for _ in 0..<10 { try await actor.loop.sleep(until: .now + .microseconds(100)) }
            near.close()
            for _ in 0..<10 { try await actor.loop.sleep(until: .now + .microseconds(100)) }
            far.resumeReading()
            return try await wait(on: actor.loop, until: .now + .seconds(20)) { sink.endWaiter = $0 }
        }
        #expect(end == .peerClosed)
    }

    private static func pair(
        on loop: IOLoop, options: ByteStreamOptions = ByteStreamOptions(), filter: (any ByteStreamFilter)? = nil
    ) throws -> (ByteStream, ByteStream) {
        var descriptors: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &descriptors) == 0)
        let address = SocketAddress(unixPath: "pair")
        return (
            ByteStream(OwnedDescriptor(descriptors[0]), peer: address, on: loop, options: options, filter: filter),
            ByteStream(OwnedDescriptor(descriptors[1]), peer: address, on: loop)
        )
    }

    @Test("says that the peer closed, also when the end hides behind the last bytes")
    func peerCloses() async throws {
        let (bytes, end) = try await onLoop.run { actor in
            let server = try EchoServer(on: actor.loop)
            defer { server.close() }
            let client = try await Collector.connect(to: server.address, on: actor.loop)
            client.stream.write { $0.append(contentsOf: [7, 8, 9]) }
            client.stream.finish()
            let end = try await server.nextEnd()
            if client.stream.isOpen { client.stream.close() }
            return (server.receivedBytes, end)
        }
        #expect(bytes == 3)
        #expect(end == .peerClosed)
    }

    @Test("passes all bytes through a filter")
    func filter() async throws {
        let (atServer, back) = try await onLoop.run { actor in
            let server = try EchoServer(on: actor.loop)
            defer { server.close() }
            let client = try await Collector.connect(to: server.address, on: actor.loop, filter: Mirror())
            defer { client.stream.close() }
            client.stream.write { $0.append(contentsOf: [1, 2, 3]) }
            let back = try await client.bytes(3, on: actor.loop)
            return (server.lastBytes, back)
        }
        #expect(atServer == [0x54, 0x57, 0x56])
        #expect(back == [1, 2, 3])
    }

    @Test("a peer that makes a filter answer and reads no answers is ended before they fill the memory")
    func answersThatNobodyReads() async throws {
        let (end, mostHeld) = try await onLoop.run { actor in
            let chatty = Mirror()
            chatty.answerBytes = 64 * 1024
            let (near, far) = try Self.pair(on: actor.loop, filter: chatty)
            defer { far.close() }
            let sink = SinkHandler()
            try near.start(sink)
            var mostHeld = 0
            while near.isOpen, far.takenBytes < 1000 {
                far.write { $0.append(1) }
                try await wait(on: actor.loop, until: .now + .seconds(20)) { waiter in
                    far.callWhenWritable()
                    actor.loop.execute { waiter.resume(returning: ()) }
                }
                mostHeld = max(mostHeld, near.heldBytes)
            }
            return (sink.end, mostHeld)
        }
        #expect(end == .filterFailed("the peer demands one answer after the other and reads none"))
        #expect(mostHeld < 4 * LoopLimits.filterAnswerBytesMax)
    }

    @Test(
        "what a filter says on its own goes on when the socket has room again, and not for ever",
        arguments: [true, false])
    func longHello(peerReads: Bool) async throws {
        let (received, end) = try await onLoop.run { actor in
            var options = ByteStreamOptions()
            options.writeTimeout = peerReads ? .seconds(20) : .milliseconds(50)
            let talkative = Mirror()
            talkative.helloBytes = 2_000_000
            let (near, far) = try Self.pair(on: actor.loop, options: options, filter: talkative)
            defer { near.close() }
            defer { far.close() }
            let (owner, sink) = (SinkHandler(), SinkHandler())
            try near.start(owner)
            if !peerReads {
                _ = try await wait(on: actor.loop, until: .now + .seconds(20)) { owner.endWaiter = $0 }
            } else {
                try far.start(sink)
                try await wait(on: actor.loop, until: .now + .seconds(20)) { waiter in
                    sink.wanted = 2_000_000
                    sink.waiter = waiter
                }
            }
            return (sink.received, owner.end)
        }
        #expect(received == (peerReads ? 2_000_000 : 0))
        #expect(end == (peerReads ? nil : .writeTimedOut))
    }

    @Test("refuses to connect where nobody listens, in words")
    func connectionRefused() async throws {
        // Bound and not listening: nobody else can be given the port.
        let holder = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(holder) }
        let any = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        try #require(any.withPointer { bind(holder, $0, $1) } == 0)
        let address = try #require(SocketAddress.reading { getsockname(holder, $0, $1) })
        await #expect(throws: SystemError(number: ECONNREFUSED, operation: "connect")) {
            try await onLoop.run { actor in
                let stream = try await ByteStream.connect(to: address, on: actor.loop, until: .now + .seconds(5))
                stream.close()
            }
        }
    }

    @Test(
        "reads endpoints as users write them",
        arguments: [
            ("127.0.0.1:7420", Endpoint.host("127.0.0.1", port: 7420)), ("[::1]:1", .host("::1", port: 1)),
            ("localhost:0", .host("localhost", port: 0)), ("unix:/run/chat.sock", .unix(path: "/run/chat.sock")),
        ])
    func endpoints(text: String, endpoint: Endpoint) {
        #expect(Endpoint(text) == endpoint)
        #expect(endpoint.description == text)
    }

    @Test(
        "refuses what is no endpoint",
        arguments: [
            "", "host", ":1", "host:", "host:65536", "host:+80", "::1:80", "[[::1]]:80", "[a]b:80", "unix:",
            "127.0.0.1\0.example.com:80",
            "unix:\0abstract", "ho\nst:80",
        ])
    func badEndpoints(text: String) {
        #expect(Endpoint(text) == nil)
    }

    @Test(
        "knows loopback addresses",
        arguments: [
            ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false),
            ("0.0.0.0", false), ("::", false),
        ])
    func loopback(host: String, expected: Bool) throws {
        let address = try #require(SocketAddress(numericHost: host, port: 1))
        #expect(address.isLoopback == expected)
    }

    @Test("resolves a name off the loop")
    func resolves() async throws {
        let addresses = try await onLoop.run { actor in
            try await NameResolver.resolve(.host("localhost", port: 80), on: actor.loop, until: .now + .seconds(10))
        }
        #expect(addresses.contains { $0.isLoopback && $0.port == 80 })
    }
}

/// A filter that flips bits, and begins and answers each read with as many bytes as it is told.
private final class Mirror: ByteStreamFilter {
    var helloBytes = 0
    var answerBytes = 0

    func begin(outbound: inout [UInt8]) throws(ByteStreamEnd) {
        outbound.append(contentsOf: [UInt8](repeating: 0, count: helloBytes))
    }

    func open(
        _ received: Span<UInt8>, outbound: inout [UInt8], deliver: (Span<UInt8>) -> Void
    ) throws(ByteStreamEnd) {
        var plain: [UInt8] = []
        for index in received.indices { plain.append(received[index] ^ 0x55) }
        outbound.append(contentsOf: [UInt8](repeating: 0, count: answerBytes))
        deliver(plain.span)
    }

    func seal(_ plain: Span<UInt8>, into outbound: inout [UInt8]) throws(ByteStreamEnd) {
        for index in plain.indices { outbound.append(plain[index] ^ 0x55) }
    }

    func finish(outbound: inout [UInt8]) {}

    func meaning(of end: ByteStreamEnd) -> ByteStreamEnd { end }
}

/// Writes back what it reads. On its loop only.
final class EchoServer {
    private let loop: IOLoop
    private var listener: Listener?
    private var connections: [EchoConnection] = []
    private(set) var ends: [ByteStreamEnd] = []
    private var endWaiter: Waiter<ByteStreamEnd>?
    private(set) var receivedBytes = 0
    private(set) var lastBytes: [UInt8] = []
    /// Called after each read, with what came.
    var afterRead: (EchoConnection, [UInt8]) -> Void = { _, _ in }

    init(
        on loop: IOLoop, address: SocketAddress? = nil, options: ByteStreamOptions = ByteStreamOptions(),
        makeFilter: @escaping () -> (any ByteStreamFilter)? = { nil }
    ) throws {
        self.loop = loop
        let any = SocketAddress(numericHost: "127.0.0.1", port: 0)
        listener = try Listener(
            try #require(address ?? any), on: loop,
            accepted: { [unowned self] descriptor, peer in
                let stream = ByteStream(descriptor, peer: peer, on: loop, options: options, filter: makeFilter())
                let connection = EchoConnection(stream, server: self)
                connections.append(connection)
                do { try stream.start(connection) } catch { Issue.record(error) }
            }, troubled: { Issue.record($0) })
    }

    var address: SocketAddress {
        guard let listener else { preconditionFailure("the server is closed") }
        return listener.address
    }

    func close() {
        listener?.close()
        for connection in connections { connection.stream.close() }
    }

    /// The end of one more connection than `count`.
    func nextEnd(after count: Int = 0) async throws -> ByteStreamEnd {
        if ends.count > count { return ends[count] }
        return try await wait(on: loop, until: .now + .seconds(20)) { endWaiter = $0 }
    }

    final class EchoConnection: ByteStreamHandler {
        let stream: ByteStream
        unowned let server: EchoServer

        init(_ stream: ByteStream, server: EchoServer) { (self.stream, self.server) = (stream, server) }

        func received(_ bytes: Span<UInt8>) {
            server.receivedBytes += bytes.count
            bytes.withUnsafeBufferPointer { source in
                server.lastBytes = Array(source)
                stream.write { $0.append(contentsOf: source) }
            }
            if stream.isFull {
                stream.pauseReading()
                pauses += 1
            }
            mostQueuedBytes = max(mostQueuedBytes, stream.queuedBytes)
            server.afterRead(self, server.lastBytes)
        }

        private(set) var pauses = 0
        private(set) var mostQueuedBytes = 0

        func writable() { stream.resumeReading() }

        func closed(_ reason: ByteStreamEnd) {
            server.ends.append(reason)
            server.endWaiter?.resume(returning: reason)
        }
    }
}

/// Asks for the next progress each time it hears of one.
private final class AskingHandler: ByteStreamHandler {
    private unowned let stream: ByteStream
    private(set) var calls = 0

    init(_ stream: ByteStream) { self.stream = stream }

    func received(_ bytes: Span<UInt8>) {}

    func writable() {
        calls += 1
        if stream.queuedBytes > 0 { stream.callWhenWritable() }
    }

    func closed(_ reason: ByteStreamEnd) {}
}

/// Counts what it reads.
private final class SinkHandler: ByteStreamHandler {
    private(set) var received = 0
    var wanted = 0
    var waiter: Waiter<Void>?
    var endWaiter: Waiter<ByteStreamEnd>?
    private(set) var end: ByteStreamEnd?

    func received(_ bytes: Span<UInt8>) {
        received += bytes.count
        if received >= wanted { waiter?.resume(returning: ()) }
    }

    func writable() {}

    func closed(_ reason: ByteStreamEnd) {
        end = reason
        endWaiter?.resume(returning: reason)
    }
}

/// A client that collects what it reads. On its loop only.
final class Collector: ByteStreamHandler {
    let stream: ByteStream
    private(set) var collected: [UInt8] = []
    private(set) var end: ByteStreamEnd?
    private(set) var writableCalls = 0
    private var wanted = 0
    private var waiter: Waiter<[UInt8]>?
    private var endWaiter: Waiter<ByteStreamEnd>?
    var onWritable: () -> Void = {}

    private init(_ stream: ByteStream) { self.stream = stream }

    static func connect(
        to address: SocketAddress, on loop: IOLoop, options: ByteStreamOptions = ByteStreamOptions(),
        filter: (any ByteStreamFilter)? = nil
    ) async throws -> Collector {
        let stream = try await ByteStream.connect(
            to: address, on: loop, until: .now + .seconds(5), options: options, filter: filter)
        let collector = Collector(stream)
        try stream.start(collector)
        return collector
    }

    func bytes(
        _ count: Int, on loop: IOLoop, until deadline: ContinuousClock.Instant = .now + .seconds(30)
    ) async throws -> [UInt8] {
        if let end, collected.count < count { throw end }
        return try await wait(on: loop, until: deadline) { waiter in
            self.waiter = waiter
            wanted = count
            check()
        }
    }

    func nextEnd(on loop: IOLoop) async throws -> ByteStreamEnd {
        if let end { return end }
        return try await wait(on: loop, until: .now + .seconds(30)) { endWaiter = $0 }
    }

    func received(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { collected.append(contentsOf: $0) }
        check()
    }

    private func check() {
        guard let waiter, collected.count >= wanted else { return }
        waiter.resume(returning: collected)
    }

    func writable() {
        writableCalls += 1
        onWritable()
    }

    func closed(_ reason: ByteStreamEnd) {
        end = reason
        waiter?.resume(throwing: reason)
        endWaiter?.resume(returning: reason)
    }
}
