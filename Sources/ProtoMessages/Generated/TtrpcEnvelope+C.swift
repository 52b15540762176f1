// Generated from proto/ttrpc/envelope.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension EnvelopeRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "ttrpc.Request" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Ttrpc__Request>? {
        ttrpc__request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Ttrpc__Request>) throws(ProtoError) {
        service = try CReader.text(c.pointee.service, "ttrpc.Request.service")
        method = try CReader.text(c.pointee.method, "ttrpc.Request.method")
        payload = CReader.bytes(c.pointee.payload)
        timeoutNano = c.pointee.timeout_nano
        metadata = try CReader.messages(c.pointee.n_metadata, c.pointee.metadata, as: EnvelopeKeyValue.self)
    }

    func fill(_ c: UnsafeMutablePointer<Ttrpc__Request>, _ arena: Arena) {
        ttrpc__request__init(c)
        c.pointee.service = arena.text(service)
        c.pointee.method = arena.text(method)
        c.pointee.payload = arena.bytes(payload)
        c.pointee.timeout_nano = timeoutNano
        c.pointee.n_metadata = metadata.count
        c.pointee.metadata = arena.messages(metadata)
    }
}

extension EnvelopeResponse: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "ttrpc.Response" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Ttrpc__Response>? {
        ttrpc__response__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Ttrpc__Response>) throws(ProtoError) {
        status = try CReader.message(c.pointee.status, as: RPCStatus.self)
        payload = CReader.bytes(c.pointee.payload)
    }

    func fill(_ c: UnsafeMutablePointer<Ttrpc__Response>, _ arena: Arena) {
        ttrpc__response__init(c)
        if let status { c.pointee.status = arena.message(status) }
        c.pointee.payload = arena.bytes(payload)
    }
}

extension EnvelopeKeyValue: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "ttrpc.KeyValue" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Ttrpc__KeyValue>? {
        ttrpc__key_value__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Ttrpc__KeyValue>) throws(ProtoError) {
        key = try CReader.text(c.pointee.key, "ttrpc.KeyValue.key")
        value = try CReader.text(c.pointee.value, "ttrpc.KeyValue.value")
    }

    func fill(_ c: UnsafeMutablePointer<Ttrpc__KeyValue>, _ arena: Arena) {
        ttrpc__key_value__init(c)
        c.pointee.key = arena.text(key)
        c.pointee.value = arena.text(value)
    }
}

