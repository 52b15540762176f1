// Generated from proto/chat/v1/diagnostics.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension EchoRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.EchoRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__EchoRequest>? {
        chat__v1__echo_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__EchoRequest>) throws(ProtoError) {
        payload = CReader.bytes(c.pointee.payload)
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__EchoRequest>, _ arena: Arena) {
        chat__v1__echo_request__init(c)
        c.pointee.payload = arena.bytes(payload)
    }
}

extension EchoReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.EchoReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__EchoReply>? {
        chat__v1__echo_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__EchoReply>) throws(ProtoError) {
        payload = CReader.bytes(c.pointee.payload)
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__EchoReply>, _ arena: Arena) {
        chat__v1__echo_reply__init(c)
        c.pointee.payload = arena.bytes(payload)
    }
}

