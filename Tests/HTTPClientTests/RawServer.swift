// A server that answers every request with the same bytes, for what no proper server sends. On its loop only.

import IOLoop
import Testing

final class RawServer {
    private var listener: Listener?
    private var connections: [Connection] = []
    let address: SocketAddress

    /// - Parameters:
    ///   - bytes: sent when the empty line after a request's headers came.
    ///   - closes: whether the connection ends after that.
    init(on loop: IOLoop, answering bytes: String, closes: Bool = false) throws {
        var accept: ((consuming OwnedDescriptor, SocketAddress) -> Void)?
        let listener = try Listener(
            try #require(SocketAddress(numericHost: "127.0.0.1", port: 0)), on: loop,
            accepted: { descriptor, peer in accept?(descriptor, peer) }, troubled: { Issue.record($0) })
        self.listener = listener
        address = listener.address
        accept = { [unowned self] descriptor, peer in
            let stream = ByteStream(descriptor, peer: peer, on: loop)
            let connection = Connection(stream, Array(bytes.utf8), closes: closes)
            connections.append(connection)
            do { try stream.start(connection) } catch { Issue.record(error) }
        }
    }

    /// What the clients sent, all connections together.
    var received: String { connections.map { String(decoding: $0.received, as: UTF8.self) }.joined() }

    func close() {
        listener?.close()
        for connection in connections { connection.stream.close() }
    }

    private final class Connection: ByteStreamHandler {
        let stream: ByteStream
        private let answer: [UInt8]
        private let closes: Bool
        private(set) var received: [UInt8] = []

        init(_ stream: ByteStream, _ answer: [UInt8], closes: Bool) {
            (self.stream, self.answer, self.closes) = (stream, answer, closes)
        }

        func received(_ bytes: Span<UInt8>) {
            bytes.withUnsafeBufferPointer { received.append(contentsOf: $0) }
            guard String(decoding: received, as: UTF8.self).hasSuffix("\r\n\r\n") else { return }
            stream.write { $0.append(contentsOf: answer) }
            if closes { stream.finish() }
        }

        func writable() {}
        func closed(_ reason: ByteStreamEnd) {}
    }
}
