// A server for TLS clients that knows no TLS: it is told byte by byte what to do.

import Testing

@testable import IOLoop

/// Accepts, and does with each read what the test says. On its loop only.
final class RawPeer {
    private var listener: Listener?
    private var connections: [RawConnection] = []

    /// - Parameter whenRead: gets the stream and all bytes that it has read so far.
    init(on loop: IOLoop, whenRead: @escaping (ByteStream, [UInt8]) -> Void = { _, _ in }) throws {
        let any = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        listener = try Listener(
            any, on: loop,
            accepted: { [unowned self] descriptor, peer in
                let connection = RawConnection(ByteStream(descriptor, peer: peer, on: loop), whenRead)
                connections.append(connection)
                do { try connection.stream.start(connection) } catch { Issue.record(error) }
            }, troubled: { Issue.record($0) })
    }

    var address: SocketAddress {
        guard let listener else { preconditionFailure("the peer is closed") }
        return listener.address
    }

    func close() {
        listener?.close()
        for connection in connections { connection.stream.close() }
    }

    private final class RawConnection: ByteStreamHandler {
        let stream: ByteStream
        private let whenRead: (ByteStream, [UInt8]) -> Void
        private var read: [UInt8] = []

        init(_ stream: ByteStream, _ whenRead: @escaping (ByteStream, [UInt8]) -> Void) {
            (self.stream, self.whenRead) = (stream, whenRead)
        }

        func received(_ bytes: Span<UInt8>) {
            bytes.withUnsafeBufferPointer { read += $0 }
            whenRead(stream, read)
        }

        func writable() {}

        func closed(_ reason: ByteStreamEnd) {}
    }
}
