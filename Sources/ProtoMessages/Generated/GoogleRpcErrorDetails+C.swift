// Generated from proto/google/rpc/error_details.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension ErrorInfo: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "google.rpc.ErrorInfo" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Google__Rpc__ErrorInfo>? {
        google__rpc__error_info__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Google__Rpc__ErrorInfo>) throws(ProtoError) {
        reason = try CReader.text(c.pointee.reason, "google.rpc.ErrorInfo.reason")
        domain = try CReader.text(c.pointee.domain, "google.rpc.ErrorInfo.domain")
        metadata = try CReader.messages(c.pointee.n_metadata, c.pointee.metadata, as: ErrorInfoMetadataEntry.self)
    }

    func fill(_ c: UnsafeMutablePointer<Google__Rpc__ErrorInfo>, _ arena: Arena) {
        google__rpc__error_info__init(c)
        c.pointee.reason = arena.text(reason)
        c.pointee.domain = arena.text(domain)
        c.pointee.n_metadata = metadata.count
        c.pointee.metadata = arena.messages(metadata)
    }
}

extension ErrorInfoMetadataEntry: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "google.rpc.ErrorInfoMetadataEntry" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Google__Rpc__ErrorInfoMetadataEntry>? {
        google__rpc__error_info_metadata_entry__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Google__Rpc__ErrorInfoMetadataEntry>) throws(ProtoError) {
        key = try CReader.text(c.pointee.key, "google.rpc.ErrorInfoMetadataEntry.key")
        value = try CReader.text(c.pointee.value, "google.rpc.ErrorInfoMetadataEntry.value")
    }

    func fill(_ c: UnsafeMutablePointer<Google__Rpc__ErrorInfoMetadataEntry>, _ arena: Arena) {
        google__rpc__error_info_metadata_entry__init(c)
        c.pointee.key = arena.text(key)
        c.pointee.value = arena.text(value)
    }
}

extension RetryInfo: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "google.rpc.RetryInfo" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Google__Rpc__RetryInfo>? {
        google__rpc__retry_info__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Google__Rpc__RetryInfo>) throws(ProtoError) {
        retryDelay = try CReader.message(c.pointee.retry_delay, as: ProtoDuration.self)
    }

    func fill(_ c: UnsafeMutablePointer<Google__Rpc__RetryInfo>, _ arena: Arena) {
        google__rpc__retry_info__init(c)
        if let retryDelay { c.pointee.retry_delay = arena.message(retryDelay) }
    }
}

