// Generated from proto/google/protobuf/duration.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension ProtoDuration: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "google.protobuf.Duration" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Google__Protobuf__Duration>? {
        google__protobuf__duration__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Google__Protobuf__Duration>) throws(ProtoError) {
        seconds = c.pointee.seconds
        nanos = c.pointee.nanos
    }

    func fill(_ c: UnsafeMutablePointer<Google__Protobuf__Duration>, _ arena: Arena) {
        google__protobuf__duration__init(c)
        c.pointee.seconds = seconds
        c.pointee.nanos = nanos
    }
}

