// ttrpc's envelope and the status details: what the hot path packs and reads is what the generated values do.

import ProtoMessages
import Testing

@Suite("Envelope")
struct EnvelopeTests {
    @Test("a request that is appended is read back, behind the bytes that were there", arguments: 0..<40)
    func request(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        let payload = random.bytes()
        let metadata: [(key: String, value: String)] = random.list { (key: $0.text(), value: $0.text()) }
        let timeout: Int64 = random.integer()
        var buffer: [UInt8] = [1, 2, 3]
        Envelope.appendRequest(
            service: "chat.v1.ChatService", method: "Chat",
            head: RequestHead(timeoutNanoseconds: timeout, metadata: metadata), payload: payload.span, to: &buffer)
        #expect(Array(buffer[..<3]) == [1, 2, 3])
        let bytes = Array(buffer[3...])

        let value = try EnvelopeRequest(unpacking: bytes.span)
        #expect(value.service == "chat.v1.ChatService")
        #expect(value.method == "Chat")
        #expect(value.timeoutNano == timeout)
        #expect(value.payload == payload)
        #expect(value.metadata.map(\.key) == metadata.map(\.key))
        #expect(value.packed() == bytes)

        try Envelope.withRequest(bytes.span) { head, path, seen in
            #expect(head.timeoutNanoseconds == timeout)
            #expect(head.metadata.elementsEqual(metadata) { $0 == $1 })
            #expect(array(path) == Array("chat.v1.ChatService/Chat".utf8))
            #expect(array(seen) == payload)
        }
    }

    @Test("the caller learns the size before anything is appended, and may refuse")
    func admission() {
        let payload = [UInt8](repeating: 7, count: 1_000)
        var buffer: [UInt8] = []
        var announced = 0
        let sent = Envelope.appendResponse(payload: payload.span, to: &buffer) { size, buffer in
            announced = size
            buffer += [0xAA, 0xBB]
            return true
        }
        #expect(sent)
        #expect(buffer.count == announced + 2)
        #expect(Array(buffer[..<2]) == [0xAA, 0xBB])
        let refused = Envelope.appendResponse(payload: payload.span, to: &buffer) { _, _ in false }
        #expect(!refused)
        #expect(buffer.count == announced + 2)
    }

    @Test("success is no status, or a status with code 0; an empty payload is an empty message")
    func success() throws {
        var plain: [UInt8] = []
        Envelope.appendResponse(payload: [1, 2].span, to: &plain)
        let explicit = EnvelopeResponse(status: RPCStatus(code: 0, message: "fine"), payload: [1, 2]).packed()
        for bytes in [plain, explicit] {
            try Envelope.withResponse(bytes.span) { status, payload in
                #expect(status == nil)
                #expect(array(payload) == [1, 2])
            }
        }
        var empty: [UInt8] = []
        let none: [UInt8] = []
        Envelope.appendResponse(payload: none.span, to: &empty)
        #expect(empty.isEmpty)
        try Envelope.withResponse(empty.span) { status, payload in
            #expect(status == nil)
            #expect(array(payload).isEmpty)
        }
    }

    @Test("an empty frame is a request for nothing")
    func emptyRequest() throws {
        let none: [UInt8] = []
        try Envelope.withRequest(none.span) { head, path, payload in
            #expect(array(path) == Array("/".utf8))
            #expect(head.timeoutNanoseconds == 0)
            #expect(array(payload).isEmpty)
        }
    }

    @Test("a failure travels with its details")
    func failure() throws {
        let details = StatusDetails(
            reason: "SESSION_BUSY", info: ["limit": "5", "a": "\u{1F642}"], retryAfter: .milliseconds(1_500))
        var buffer: [UInt8] = []
        Envelope.appendResponse(
            status: RPCStatus(code: 10, message: "the session is busy", details: details), to: &buffer)
        try Envelope.withResponse(buffer.span) { status, payload in
            #expect(status?.code == 10)
            #expect(status?.message == "the session is busy")
            #expect(status?.statusDetails == details)
            #expect(array(payload).isEmpty)
        }
    }

    @Test("details that are unknown, damaged or extreme do not hide the status")
    func strangeDetails() {
        let strange = RPCStatus(
            code: 3, message: "no",
            details: [
                ProtoAny(typeURL: "type.googleapis.com/google.rpc.Help", value: [1, 2, 3]),
                ProtoAny(typeURL: "google.rpc.ErrorInfo", value: [0xFF]),
                ProtoAny(typeURL: "", value: []),
                ProtoAny(
                    typeURL: "x/google.rpc.RetryInfo",
                    value: RetryInfo(retryDelay: ProtoDuration(seconds: .min, nanos: .min)).packed()),
                ProtoAny(typeURL: "x/google.rpc.ErrorInfo", value: ErrorInfo(reason: "R").packed()),
            ])
        #expect(strange.statusDetails == StatusDetails(reason: "R", retryAfter: .zero))
        let longest = RetryInfo(retryDelay: ProtoDuration(seconds: .max, nanos: .max))
        let status = RPCStatus(
            code: 8, details: [ProtoAny(typeURL: "x/google.rpc.RetryInfo", value: longest.packed())])
        // The range of google.protobuf.Duration: 10,000 years, and nothing that overflows.
        #expect(status.statusDetails.retryAfter?.components.seconds == 315_576_000_002)
        #expect(RPCStatus(code: 5, message: "", details: StatusDetails()).details.isEmpty)
    }

    @Test(
        "names and metadata that are not UTF-8 are refused",
        arguments: [
            ([0x0A, 0x01, 0xFF], "ttrpc.Request.service"), ([0x12, 0x01, 0xFF], "ttrpc.Request.method"),
            ([0x2A, 0x03, 0x0A, 0x01, 0xFF], "ttrpc.KeyValue.key"),
            ([0x2A, 0x03, 0x12, 0x01, 0xFF], "ttrpc.KeyValue.value"),
        ] as [([UInt8], String)])
    func invalidUTF8(bytes: [UInt8], field: String) {
        #expect(throws: ProtoError.invalidUTF8(field: field)) {
            try Envelope.withRequest(bytes.span) { _, _, _ in }
        }
    }

    private func array(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }
}
