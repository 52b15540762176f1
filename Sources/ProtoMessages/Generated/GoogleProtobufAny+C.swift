// Generated from proto/google/protobuf/any.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension ProtoAny: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "google.protobuf.Any" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Google__Protobuf__Any>? {
        google__protobuf__any__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Google__Protobuf__Any>) throws(ProtoError) {
        typeURL = try CReader.text(c.pointee.type_url, "google.protobuf.Any.type_url")
        value = CReader.bytes(c.pointee.value)
    }

    func fill(_ c: UnsafeMutablePointer<Google__Protobuf__Any>, _ arena: Arena) {
        google__protobuf__any__init(c)
        c.pointee.type_url = arena.text(typeURL)
        c.pointee.value = arena.bytes(value)
    }
}

