// The golden frames of Tests/Golden/frames: what they mean, read by our decoder, and written again by our encoder.

import ConformancePeer
import ProtoMessages
import RPC
import Testing
import Wire

/// What a golden frame holds.
private enum Content {
    case request(EnvelopeRequest)
    case reply([UInt8])
    case failure(RPCError)
    case bytes([UInt8])
}

private struct Golden {
    let name: String
    let id: UInt32
    let type: FrameType
    var flags: FrameFlags = []
    let content: Content
    /// False for a form that is only read.
    var isWritten = true

    init(
        _ name: String, _ type: FrameType, id: UInt32 = 1, flags: FrameFlags = [], _ content: Content,
        isWritten: Bool = true
    ) {
        (self.name, self.type, self.id, self.flags) = (name, type, id, flags)
        (self.content, self.isWritten) = (content, isWritten)
    }
}

private let echoHi = EnvelopeRequest(
    service: "chat.v1.DiagnosticsService", method: "Echo", payload: [0x0A, 2, 0x68, 0x69])
private let countRequest = EnvelopeRequest(service: "test.v1.ScriptService", method: "Count")

private let goldens: [Golden] = [
    Golden("unary-request", .request, .request(echoHi)),
    Golden(
        "unary-request-full", .request, id: 7,
        .request(
            echoHi.with(
                timeoutNano: 1_000_000_000,
                metadata: [("k", "1"), ("k", "2"), ("traceparent", "0")]))),
    Golden("unary-request-expired", .request, id: 9, .request(echoHi.with(timeoutNano: -1))),
    Golden("unary-response", .response, .reply([0x0A, 2, 0x68, 0x69])),
    Golden("unary-response-empty", .response, .reply([])),
    Golden("unary-response-explicit-ok", .response, .reply([0x0A, 2, 0x68, 0x69]), isWritten: false),
    Golden("error-response", .response, id: 9, .failure(RPCError(.notFound, "nope"))),
    Golden(
        "error-response-details", .response, id: 11,
        .failure(
            RPCError(
                .unavailable, "later", reason: "NOT_PROCESSED", info: ["k": "v"], retryAfter: .milliseconds(1500)))),
    Golden(
        "stream-request", .request, flags: .remoteClosed, .request(countRequest.with(payload: [0x0A, 1, 0x32]))),
    Golden("stream-request-remote-open", .request, id: 3, flags: .remoteOpen, .request(countRequest)),
    Golden(
        "stream-request-remote-open-no-data", .request, id: 5, flags: [.remoteOpen, .noData],
        .request(countRequest)),
    Golden("data-1", .data, .bytes([0x0A, 1, 0x31])),
    Golden("data-2", .data, .bytes([0x0A, 1, 0x32])),
    Golden("data-empty-message", .data, .bytes([])),
    Golden("stream-end", .data, flags: .streamEnd, .bytes([])),
    Golden("ping", .ping, id: 0xFFFF_FFFF, .bytes([0xDE, 0xAD, 0xBE, 0xEF])),
    Golden("pong", .pong, id: 0xFFFF_FFFF, .bytes([0xDE, 0xAD, 0xBE, 0xEF])),
    Golden("cancel", .cancel, id: 5, .bytes([])),
    Golden("drain", .drain, id: 0xFFFF_FFFF, .bytes([])),
]

@Suite("Golden frames", .timeLimit(.minutes(2)))
struct GoldenFrameTests {
    @Test("every file has its twin and its row here")
    func complete() throws {
        #expect(try GoldenFile.names() == Set(goldens.map(\.name)))
        for golden in goldens {
            #expect(try GoldenFile.frame(golden.name) == GoldenFile.spelledOut(golden.name), "\(golden.name)")
        }
    }

    @Test("each is decoded to what it means", arguments: goldens.map(\.name))
    func decoded(name: String) throws {
        let golden = try #require(goldens.first { $0.name == name })
        let bytes = try GoldenFile.frame(name)
        let (header, payload) = try #require(try decode([bytes]).first)
        #expect(header.streamID.rawValue == golden.id)
        #expect(header.type == golden.type)
        #expect(header.flags == golden.flags)
        #expect(Int(header.length) == payload.count)
        switch golden.content {
        case .bytes(let expected): #expect(payload == expected)
        case .request(let expected):
            #expect(try EnvelopeRequest(unpacking: payload.span) == expected)
            let read = try Envelope.withRequest(payload.span) { head, path, message in
                EnvelopeRequest(
                    service: expected.service, method: String(copying: path, after: expected.service),
                    payload: message.withUnsafeBufferPointer(Array.init), timeoutNano: head.timeoutNanoseconds,
                    metadata: head.metadata.map { EnvelopeKeyValue(key: $0.key, value: $0.value) })
            }
            #expect(read == expected)
        case .reply(let expected):
            let (status, reply) = try response(payload)
            #expect(status == nil)
            #expect(reply == expected)
        case .failure(let expected):
            let (status, reply) = try response(payload)
            #expect(status.map { RPCError($0) } == expected)
            #expect(reply == [])
        }
    }

    @Test("each is encoded to the same bytes", arguments: goldens.filter(\.isWritten).map(\.name))
    func encoded(name: String) throws {
        let golden = try #require(goldens.first { $0.name == name })
        var body: [UInt8] = []
        switch golden.content {
        case .bytes(let bytes): body = bytes
        case .request(let request):
            Envelope.appendRequest(
                service: request.service, method: request.method,
                head: RequestHead(
                    timeoutNanoseconds: request.timeoutNano, metadata: request.metadata.map { ($0.key, $0.value) }),
                payload: request.payload.span, to: &body)
            #expect(request.packed() == body)
        case .reply(let payload): Envelope.appendResponse(payload: payload.span, to: &body)
        case .failure(let error): Envelope.appendResponse(status: error.status, to: &body)
        }
        var bytes: [UInt8] = []
        let id = StreamID(rawValue: golden.id)
        FrameHeader(length: body.count, streamID: id, type: golden.type, flags: golden.flags).append(to: &bytes)
        #expect(bytes + body == (try GoldenFile.frame(name)))
    }

    @Test("all in a row are decoded alike however they are cut", arguments: [1, 2, 3, 7, 10, 11, 64])
    func cut(size: Int) throws {
        let whole = try goldens.map { try GoldenFile.frame($0.name) }
        let row = whole.flatMap { $0 }
        let pieces = stride(from: 0, to: row.count, by: size).map { Array(row[$0..<min($0 + size, row.count)]) }
        let frames = try decode(pieces)
        #expect(frames.map(\.payload) == whole.map { Array($0.dropFirst(10)) })
        #expect(frames.map(\.header.streamID.rawValue) == goldens.map(\.id))
    }

    @Test("a server answers the golden requests with the golden answers")
    func served() async throws {
        let expectedReply = try GoldenFile.frame("unary-response")
        let expectedStream = try ["data-1", "data-2", "stream-end"].flatMap(GoldenFile.frame)
        let expectedPong = try GoldenFile.frame("pong")
        try await ScriptedServer.withPeer { _, peer in
            await peer.send(try GoldenFile.frame("unary-request"))
            #expect(try await peer.read(expectedReply.count) == expectedReply)
            await peer.send(try GoldenFile.frame("stream-request"))
            #expect(try await peer.read(expectedStream.count) == expectedStream)
            await peer.send(try GoldenFile.frame("cancel"))
            await peer.send(try GoldenFile.frame("ping"))
            #expect(try await peer.read(expectedPong.count) == expectedPong)
            await peer.send(try GoldenFile.frame("unary-request-full"))
            #expect(try await peer.frame().id == 7)
        }
    }

    private func decode(_ pieces: [[UInt8]]) throws -> [(header: FrameHeader, payload: [UInt8])] {
        var decoder = FrameDecoder()
        var frames: [(header: FrameHeader, payload: [UInt8])] = []
        for piece in pieces {
            try decoder.decode(piece.span) { header, payload in
                frames.append((header, payload.withUnsafeBufferPointer(Array.init)))
                return true
            } oversized: { _ in
                Issue.record("no golden frame is too large")
                return false
            }
        }
        #expect(!decoder.isInsideFrame)
        return frames
    }

    private func response(_ payload: [UInt8]) throws -> (RPCStatus?, [UInt8]) {
        var parts: (RPCStatus?, [UInt8]) = (nil, [])
        try Envelope.withResponse(payload.span) { parts = ($0, $1.withUnsafeBufferPointer(Array.init)) }
        return parts
    }
}

extension EnvelopeRequest {
    fileprivate func with(
        payload: [UInt8]? = nil, timeoutNano: Int64 = 0, metadata: [(String, String)] = []
    ) -> EnvelopeRequest {
        var request = self
        request.payload = payload ?? request.payload
        request.timeoutNano = timeoutNano
        request.metadata = metadata.map { EnvelopeKeyValue(key: $0, value: $1) }
        return request
    }
}

extension String {
    /// What follows `prefix` and a slash.
    fileprivate init(copying path: Span<UInt8>, after prefix: String) {
        let text = path.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        self = text.hasPrefix(prefix + "/") ? String(text.dropFirst(prefix.count + 1)) : text
    }
}
