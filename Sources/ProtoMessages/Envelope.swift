// ttrpc's envelope on the hot path: what stands around the message in Request and Response frames, read without
// building the generated values and packed straight into an outbox. Used by both sides of RPC, on the connection's
// loop.

internal import CChatProto

/// What a Request frame says beside the method's name and the payload.
package struct RequestHead: Sendable {
    /// The time that is left for the call, in nanoseconds; 0 for no deadline, less when it has passed.
    package var timeoutNanoseconds: Int64
    /// Pairs as they were sent, keys not lower-cased; empty for most calls.
    package var metadata: [(key: String, value: String)]

    package init(timeoutNanoseconds: Int64 = 0, metadata: [(key: String, value: String)] = []) {
        self.timeoutNanoseconds = timeoutNanoseconds
        self.metadata = metadata
    }
}

/// Reads and writes the bodies of Request and Response frames, all through protobuf-c.
package enum Envelope {
    /// Decides with the envelope's exact size in bytes whether it is appended, and may append a frame header first.
    package typealias Admission = (_ bytes: Int, _ buffer: inout [UInt8]) -> Bool

    // MARK: - Reading

    /// Reads the body of a Request frame.
    ///
    /// - Parameter body: called once unless this throws. Gets the head, the path `service/method` as UTF-8, and the
    ///   payload. Both spans live in memory that is given back when `body` returns. It returns nothing, so that nothing
    ///   generic is looked up at run time: a fifth of the time went there.
    /// - Throws: `ProtoError` when the frame is no envelope, a text is not UTF-8, or it needs too much memory.
    package static func withRequest(
        _ bytes: Span<UInt8>, _ body: (_ head: RequestHead, _ path: Span<UInt8>, _ payload: Span<UInt8>) -> Void
    ) throws(ProtoError) {
        try MessageCodec.withUnpacked(bytes, as: EnvelopeRequest.self) { c, arena throws(ProtoError) in
            try CReader.requireUTF8(c.pointee.service, "ttrpc.Request.service")
            try CReader.requireUTF8(c.pointee.method, "ttrpc.Request.method")
            var head = RequestHead(timeoutNanoseconds: c.pointee.timeout_nano)
            if c.pointee.n_metadata > 0 {
                let pairs = try CReader.messages(
                    c.pointee.n_metadata, c.pointee.metadata, as: EnvelopeKeyValue.self)
                head.metadata = pairs.map { ($0.key, $0.value) }
            }
            let pathBytes = c.pointee.service.len + 1 + c.pointee.method.len
            guard let path = arena.allocate(pathBytes) else { throw ProtoError.overBudget(message: "ttrpc.Request") }
            CReader.copy(c.pointee.service, to: path)
            path.storeBytes(of: UInt8(ascii: "/"), toByteOffset: c.pointee.service.len, as: UInt8.self)
            CReader.copy(c.pointee.method, to: path + c.pointee.service.len + 1)
            let pathBuffer = UnsafeRawBufferPointer(start: path, count: pathBytes).bindMemory(to: UInt8.self)
            body(head, pathBuffer.span, CReader.buffer(c.pointee.payload).span)
        }
    }

    /// As above, with a result, which costs looking up its type at run time.
    package static func withRequest<R>(
        _ bytes: Span<UInt8>, _ body: (_ head: RequestHead, _ path: Span<UInt8>, _ payload: Span<UInt8>) -> R
    ) throws(ProtoError) -> R {
        var result: R?
        try withRequest(bytes) { head, path, payload in result = body(head, path, payload) }
        // The closure above was called, or we are not here.
        return result.unsafelyUnwrapped
    }

    /// Reads the body of a Response frame.
    ///
    /// - Parameter body: called once unless this throws. Gets the status, nil for success (no status, or one with code
    /// 0:
    ///   Go's servers do the former, Rust's the latter), and the payload, which lives in memory that is given back when
    ///   `body` returns.
    /// - Throws: `ProtoError` when the frame is no envelope, a text is not UTF-8, or it needs too much memory.
    package static func withResponse(
        _ bytes: Span<UInt8>, _ body: (_ status: RPCStatus?, _ payload: Span<UInt8>) -> Void
    ) throws(ProtoError) {
        try MessageCodec.withUnpacked(bytes, as: EnvelopeResponse.self) { c, _ throws(ProtoError) in
            var status: RPCStatus?
            if let sent = c.pointee.status, sent.pointee.code != 0 {
                status = try CReader.message(sent, as: RPCStatus.self)
            }
            body(status, CReader.buffer(c.pointee.payload).span)
        }
    }

    // MARK: - Packing

    /// Appends the body of a successful Response frame. The payload is copied once, into `buffer`.
    ///
    /// - Parameter admit: see `Admission`; when it answers false, nothing is appended (by this function).
    /// - Returns: what `admit` answered.
    @discardableResult
    package static func appendResponse(
        payload: Span<UInt8>, to buffer: inout [UInt8], admit: Admission = { _, _ in true }
    ) -> Bool {
        payload.withUnsafeBufferPointer { payload in
            var c = Ttrpc__Response()
            ttrpc__response__init(&c)
            c.payload = borrow(payload)
            return append(&c, to: &buffer, admit)
        }
    }

    /// Appends the body of a Response frame that says how a call failed. See `appendResponse(payload:)`.
    @discardableResult
    package static func appendResponse(
        status: RPCStatus, to buffer: inout [UInt8], admit: Admission = { _, _ in true }
    ) -> Bool {
        Arena.with(budget: .max, expecting: 0) { arena in
            var c = Ttrpc__Response()
            ttrpc__response__init(&c)
            c.status = arena.message(status)
            return append(&c, to: &buffer, admit)
        }
    }

    /// Appends the body of a Request frame. The payload is copied once, into `buffer`.
    ///
    /// - Parameters:
    ///   - service: the full service name.
    ///   - method: the bare method name.
    ///   - head: metadata keys must be in lower case, since Go's handlers cannot find others.
    ///   - admit: see `Admission`; when it answers false, nothing is appended (by this function).
    /// - Returns: what `admit` answered.
    @discardableResult
    package static func appendRequest(
        service: String, method: String, head: RequestHead = RequestHead(), payload: Span<UInt8>,
        to buffer: inout [UInt8], admit: Admission = { _, _ in true }
    ) -> Bool {
        payload.withUnsafeBufferPointer { payload in
            Arena.with(budget: .max, expecting: 0) { arena in
                var c = Ttrpc__Request()
                ttrpc__request__init(&c)
                c.service = arena.text(service)
                c.method = arena.text(method)
                c.timeout_nano = head.timeoutNanoseconds
                c.payload = borrow(payload)
                if !head.metadata.isEmpty {
                    c.n_metadata = head.metadata.count
                    c.metadata = arena.list(head.metadata) {
                        arena.message(EnvelopeKeyValue(key: $0.key, value: $0.value))
                    }
                }
                return append(&c, to: &buffer, admit)
            }
        }
    }

    /// The payload's bytes for protobuf-c, which only reads them; valid while the span's closure runs.
    private static func borrow(_ payload: UnsafeBufferPointer<UInt8>) -> ProtobufCBinaryData {
        ProtobufCBinaryData(len: payload.count, data: UnsafeMutablePointer(mutating: payload.baseAddress))
    }

    /// Asks `admit` and appends.
    private static func append<C>(_ c: inout C, to buffer: inout [UInt8], _ admit: Admission) -> Bool {
        withUnsafePointer(to: &c) { pointer in
            let size = MessageCodec.packedSize(pointer)
            guard admit(size, &buffer) else { return false }
            MessageCodec.append(pointer, size: size, to: &buffer)
            return true
        }
    }
}
