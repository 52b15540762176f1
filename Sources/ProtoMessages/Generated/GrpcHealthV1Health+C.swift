// Generated from proto/grpc/health/v1/health.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension HealthCheckRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "grpc.health.v1.HealthCheckRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Grpc__Health__V1__HealthCheckRequest>? {
        grpc__health__v1__health_check_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Grpc__Health__V1__HealthCheckRequest>) throws(ProtoError) {
        service = try CReader.text(c.pointee.service, "grpc.health.v1.HealthCheckRequest.service")
    }

    func fill(_ c: UnsafeMutablePointer<Grpc__Health__V1__HealthCheckRequest>, _ arena: Arena) {
        grpc__health__v1__health_check_request__init(c)
        c.pointee.service = arena.text(service)
    }
}

extension HealthCheckResponse: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "grpc.health.v1.HealthCheckResponse" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Grpc__Health__V1__HealthCheckResponse>? {
        grpc__health__v1__health_check_response__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Grpc__Health__V1__HealthCheckResponse>) throws(ProtoError) {
        status = HealthCheckResponse.ServingStatus(number: Int32(bitPattern: c.pointee.status.rawValue))
    }

    func fill(_ c: UnsafeMutablePointer<Grpc__Health__V1__HealthCheckResponse>, _ arena: Arena) {
        grpc__health__v1__health_check_response__init(c)
        c.pointee.status = Grpc__Health__V1__HealthCheckResponse__ServingStatus(rawValue: UInt32(bitPattern: status.number))
    }
}

