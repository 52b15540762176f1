// Generated from proto/google/rpc/status.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension RPCStatus: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "google.rpc.Status" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Google__Rpc__Status>? {
        google__rpc__status__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Google__Rpc__Status>) throws(ProtoError) {
        code = c.pointee.code
        message = try CReader.text(c.pointee.message, "google.rpc.Status.message")
        details = try CReader.messages(c.pointee.n_details, c.pointee.details, as: ProtoAny.self)
    }

    func fill(_ c: UnsafeMutablePointer<Google__Rpc__Status>, _ arena: Arena) {
        google__rpc__status__init(c)
        c.pointee.code = code
        c.pointee.message = arena.text(message)
        c.pointee.n_details = details.count
        c.pointee.details = arena.messages(details)
    }
}

