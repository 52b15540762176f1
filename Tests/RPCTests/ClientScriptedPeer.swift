// A server that does exactly what a test tells it, byte for byte, over a real socket: for the client's tests. On a loop
// of its own.

import IOLoop
import ProtoMessages
import Testing
import Wire

@testable import RPC

/// A frame that the client sent.
struct PeerFrame: Sendable {
    let connection: Int
    let header: FrameHeader
    let payload: [UInt8]

    /// The envelope of a Request frame.
    var request: EnvelopeRequest {
        get throws { try EnvelopeRequest(unpacking: payload.span) }
    }
}

/// Accepts connections, collects frames, and sends what it is told.
actor ScriptedPeer {
    /// What the peer does by itself.
    struct Habits: Sendable {
        var answersPings = true
        /// Called for every Request on the peer's loop; nil leaves the answer to the test.
        var answer: (@Sendable (PeerFrame) -> [UInt8]?)?
    }

    nonisolated let loop: IOLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private let habits: Habits
    private var listener: Listener?
    private var connections: [PeerConnection] = []
    private var frames: [PeerFrame] = []
    private var waiter: Waiter<Void>?
    private(set) var pingCount = 0
    private(set) var address = ""

    /// How long a test waits for something that must come.
    static let patience = Duration.seconds(20)

    init(_ habits: Habits = Habits(), at address: String = "127.0.0.1:0") async throws {
        loop = try IOLoop(label: "peer")
        self.habits = habits
        try listen(address)
    }

    private func listen(_ text: String) throws {
        guard case .host(let host, let port) = try #require(Endpoint(text)) else { return }
        let address = try #require(SocketAddress(numericHost: host, port: port))
        let listener = try Listener(
            address, on: loop,
            accepted: { [unowned self] descriptor, peer in
                let stream = ByteStream(descriptor, peer: peer, on: loop)
                assumeIsolated { $0.accept(stream) }
            }, troubled: { Issue.record($0) })
        self.listener = listener
        self.address = listener.address.description
    }

    /// A test that fails in the middle leaves its peer as it is.
    isolated deinit { close() }

    nonisolated func endpoint() async throws -> Endpoint {
        let text = await address
        return try #require(Endpoint(text))
    }

    private func accept(_ stream: ByteStream) {
        let connection = PeerConnection(stream, number: connections.count, peer: self)
        connections.append(connection)
        do { try stream.start(connection) } catch { Issue.record(error) }
        wake()
    }

    fileprivate func received(_ frame: PeerFrame) {
        if frame.header.type == .ping {
            pingCount += 1
            if habits.answersPings { send(.pong, .connection, frame.payload, on: frame.connection) }
        } else if frame.header.type == .request, let bytes = habits.answer?(frame) {
            sendBytes(bytes, on: frame.connection)
        } else {
            frames.append(frame)
        }
        wake()
    }

    fileprivate func wake() {
        waiter?.resume(returning: ())
        waiter = nil
    }

    // MARK: What tests ask for

    /// Returns once `condition` holds.
    func until(_ condition: @Sendable (isolated ScriptedPeer) -> Bool) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while !condition(self) { try await wait(on: loop, until: deadline) { waiter = $0 } }
    }

    /// Lets time pass, for what must not happen in it.
    func rest(_ span: Duration) async throws { try await loop.sleep(until: .now + span) }

    /// Returns when the socket takes no more: the queue has not changed for a while.
    func untilQueueIsSteady(_ connection: Int = 0) async throws {
        var last = -1
        while last != queuedBytes(connection) {
            last = queuedBytes(connection)
            try await rest(.milliseconds(50))
        }
    }

    /// The next frame that is no PING.
    func next() async throws -> PeerFrame {
        try await until { !$0.frames.isEmpty }
        return frames.removeFirst()
    }

    /// The next frame, which must be a Request.
    func nextRequest() async throws -> PeerFrame {
        let frame = try await next()
        #expect(frame.header.type == .request)
        return frame
    }

    var connectionCount: Int { connections.count }
    var openConnectionCount: Int { connections.count { $0.stream.isOpen } }
    var unreadFrames: Int { frames.count }

    func send(
        _ type: FrameType, _ id: StreamID, _ payload: [UInt8] = [], flags: FrameFlags = [], on connection: Int = 0
    ) {
        sendBytes(Self.frame(type, id, payload, flags: flags), on: connection)
    }

    func sendBytes(_ bytes: [UInt8], on connection: Int = 0) {
        connections[connection].stream.write { $0.append(contentsOf: bytes) }
    }

    func respond(to frame: PeerFrame, _ payload: [UInt8]) {
        sendBytes(Self.response(frame.header.streamID, payload), on: frame.connection)
    }

    func fail(_ frame: PeerFrame, _ error: RPCError) {
        let details = StatusDetails(reason: error.reason, info: error.info, retryAfter: error.retryAfter)
        let status = RPCStatus(code: error.code.rawValue, message: error.message, details: details)
        let body = EnvelopeResponse(status: status).packed()
        send(.response, frame.header.streamID, body, on: frame.connection)
    }

    func pauseReading(_ connection: Int = 0) { connections[connection].stream.pauseReading() }
    func resumeReading(_ connection: Int = 0) { connections[connection].stream.resumeReading() }
    func closeConnection(_ connection: Int = 0) { connections[connection].stream.close() }
    func queuedBytes(_ connection: Int = 0) -> Int { connections[connection].stream.queuedBytes }

    /// Stops listening; connections stay.
    func stopListening() {
        listener?.close()
        listener = nil
    }

    func close() {
        stopListening()
        for connection in connections { connection.stream.close() }
    }

    /// A frame's bytes.
    static func frame(
        _ type: FrameType, _ id: StreamID, _ payload: [UInt8] = [], flags: FrameFlags = []
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        FrameHeader(length: payload.count, streamID: id, type: type, flags: flags).append(to: &bytes)
        return bytes + payload
    }

    /// The bytes of a successful Response.
    static func response(_ id: StreamID, _ payload: [UInt8]) -> [UInt8] {
        frame(.response, id, EnvelopeResponse(payload: payload).packed())
    }
}

/// A connection of the peer. On the peer's loop.
private final class PeerConnection: ByteStreamHandler {
    let stream: ByteStream
    private let number: Int
    private weak let peer: ScriptedPeer?
    private var decoder = FrameDecoder(payloadBytesMax: WireLimits.payloadBytesMax)

    init(_ stream: ByteStream, number: Int, peer: ScriptedPeer) {
        (self.stream, self.number, self.peer) = (stream, number, peer)
    }

    func received(_ bytes: Span<UInt8>) {
        do {
            try decoder.decode(bytes) { header, payload in
                let frame = PeerFrame(
                    connection: number, header: header, payload: payload.withUnsafeBufferPointer { Array($0) })
                peer?.assumeIsolated { $0.received(frame) }
                return stream.isOpen
            } oversized: { _ in
                Issue.record("the client sent a frame above the limit")
                return true
            }
        } catch {
            Issue.record(error)
        }
    }

    func writable() {}

    func closed(_ reason: ByteStreamEnd) { peer?.assumeIsolated { $0.wake() } }
}

/// A client and its peer, as most tests want them.
struct ClientAndPeer {
    let client: RPCClient
    let peer: ScriptedPeer

    init(
        _ habits: ScriptedPeer.Habits = ScriptedPeer.Habits(),
        options change: (inout RPCClientOptions) -> Void = { _ in }
    ) async throws {
        peer = try await ScriptedPeer(habits)
        client = try await Self.client([peer.endpoint()], change)
    }

    static func client(
        _ endpoints: [Endpoint], _ change: (inout RPCClientOptions) -> Void = { _ in }
    ) throws -> RPCClient {
        var options = RPCClientOptions()
        options.backOffMinimum = .milliseconds(2)
        options.backOffMaximum = .milliseconds(50)
        options.random = TestGenerator(seed: 11)
        change(&options)
        return RPCClient(endpoints: endpoints, options: options, on: try IOLoop(label: "client"))
    }

    func close() async {
        await client.close()
        await peer.close()
    }
}

/// Returns once `condition` holds, for what nobody tells of.
func eventually(_ condition: () async -> Bool) async throws {
    while !(await condition()) { try await Task.sleep(for: .milliseconds(1)) }
}

enum TestMethods {
    static let echo = MethodDescriptor(service: "test.v1.Test", method: "Echo", shape: .unary)
    static let count = MethodDescriptor(service: "test.v1.Test", method: "Count", shape: .serverStream)
}

/// splitmix64: the same numbers in every run.
struct TestGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
