// A client that knows nothing: it sends the bytes it is given and hands out the bytes that came, or their frames.
// An actor on a loop of its own, so a test that waits for it holds no thread.

package import IOLoop

/// Why a peer cannot give what was asked for.
package enum RawPeerError: Error, Equatable {
    /// The server closed; so many bytes had come that nobody read.
    case ended(unreadBytes: Int)
}

/// One connection to a server under test. Made and closed by `RawPeer.with`.
package actor RawPeer: ByteStreamHandler {
    /// Far beyond what any step takes on a busy machine; a test that reaches it has found a hang.
    private static let patience = Duration.seconds(30)

    package nonisolated let loop: IOLoop
    private var stream: ByteStream?
    private var unread: [UInt8] = []
    private var head = 0
    private var hasEnded = false
    private var waiter: Waiter<Void>?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private init(on loop: IOLoop) { self.loop = loop }

    /// Connects, runs `body`, and closes whatever happened.
    package static func with<Value: Sendable>(
        _ address: SocketAddress, on loop: IOLoop = TestLoops.client,
        _ body: (RawPeer) async throws -> Value
    ) async throws -> Value {
        let peer = RawPeer(on: loop)
        try await peer.connect(to: address)
        do {
            let value = try await body(peer)
            await peer.close()
            return value
        } catch {
            await peer.close()
            throw error
        }
    }

    private func connect(to address: SocketAddress) async throws {
        let stream = try await ByteStream.connect(to: address, on: loop, until: .now + Self.patience)
        self.stream = stream
        try stream.start(self)
    }

    // MARK: Writing

    package func send(_ bytes: [UInt8]) { stream?.write { $0.append(contentsOf: bytes) } }

    /// Sends every byte in a packet of its own.
    package func sendInPieces(_ bytes: [UInt8]) async throws {
        for byte in bytes {
            stream?.write { $0.append(byte) }
            // The bytes leave at the end of the loop's pass, so a pass must end.
            try await loop.sleep(until: .now + .microseconds(50))
        }
    }

    // MARK: Reading

    package func read(_ count: Int) async throws -> [UInt8] {
        let deadline = ContinuousClock.now + Self.patience
        while unread.count - head < count {
            guard !hasEnded else { throw RawPeerError.ended(unreadBytes: unread.count - head) }
            try await waitForMore(until: deadline)
        }
        defer { forget(count) }
        return Array(unread[head..<head + count])
    }

    package func frame() async throws -> RawFrame {
        let header = try await read(10)
        let length = header[0..<4].reduce(0) { $0 << 8 | Int($1) }
        let id = header[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return RawFrame(id: id, type: header[8], flags: header[9], try await read(length))
    }

    package func frames(_ count: Int) async throws -> [RawFrame] {
        var frames: [RawFrame] = []
        for _ in 0..<count { frames.append(try await frame()) }
        return frames
    }

    /// Waits until the server closes.
    ///
    /// - Returns: what came before and was not read yet.
    package func end() async throws -> [UInt8] {
        let deadline = ContinuousClock.now + Self.patience
        while !hasEnded { try await waitForMore(until: deadline) }
        defer { head = unread.count }
        return Array(unread[head...])
    }

    /// Sends a request and reads its Response, which must be the next frame.
    package func call(
        id: UInt32, service: String = ScriptedMethods.service, _ method: String, _ payload: [UInt8] = []
    ) async throws -> RawOutcome {
        send(HandWritten.request(id: id, service: service, method, payload))
        let frame = try await frame()
        guard frame.id == id, frame.type == 0x02 else {
            throw UnexpectedFrame(frame: frame, expected: "the Response on stream \(id)")
        }
        return frame.outcome
    }

    package func stopReading() { stream?.pauseReading() }

    package func resumeReading() { stream?.resumeReading() }

    private func forget(_ count: Int) {
        head += count
        guard head > 1 << 20 else { return }
        unread.removeFirst(head)
        head = 0
    }

    private func waitForMore(until deadline: ContinuousClock.Instant) async throws {
        try await wait(on: loop, until: deadline) { waiter = $0 }
    }

    // MARK: From the stream

    package nonisolated func received(_ bytes: Span<UInt8>) {
        assumeIsolated { peer in
            bytes.withUnsafeBufferPointer { peer.unread.append(contentsOf: $0) }
            peer.waiter?.resume(returning: ())
        }
    }

    package nonisolated func writable() {}

    package nonisolated func closed(_ reason: ByteStreamEnd) { assumeIsolated { $0.noteEnd() } }

    /// Closes at once, as a client does that dies.
    package func close() {
        stream?.close()
        noteEnd()
    }

    private func noteEnd() {
        hasEnded = true
        waiter?.resume(returning: ())
    }
}

/// Another frame came than the test's step allows.
package struct UnexpectedFrame: Error {
    package let frame: RawFrame
    package let expected: String
}
