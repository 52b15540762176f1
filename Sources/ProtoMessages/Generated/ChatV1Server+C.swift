// Generated from proto/chat/v1/server.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension GetServerInfoRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.GetServerInfoRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__GetServerInfoRequest>? {
        chat__v1__get_server_info_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__GetServerInfoRequest>) throws(ProtoError) {
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__GetServerInfoRequest>, _ arena: Arena) {
        chat__v1__get_server_info_request__init(c)
    }
}

extension ServerInfo: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ServerInfo" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ServerInfo>? {
        chat__v1__server_info__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ServerInfo>) throws(ProtoError) {
        version = try CReader.text(c.pointee.version, "chat.v1.ServerInfo.version")
        services = try CReader.texts(c.pointee.n_services, c.pointee.services, "chat.v1.ServerInfo.services")
        model = try CReader.text(c.pointee.model, "chat.v1.ServerInfo.model")
        streamModel = try CReader.text(c.pointee.stream_model, "chat.v1.ServerInfo.stream_model")
        store = try CReader.text(c.pointee.store, "chat.v1.ServerInfo.store")
        frameBytesMax = c.pointee.frame_bytes_max
        messageBytesMax = c.pointee.message_bytes_max
        historyMessagesMax = c.pointee.history_messages_max
        sessionIdleSeconds = c.pointee.session_idle_seconds
        startedUnixMicroseconds = c.pointee.started_unix_microseconds
        nowUnixMicroseconds = c.pointee.now_unix_microseconds
        draining = c.pointee.draining != 0
        authenticationRequired = c.pointee.authentication_required != 0
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ServerInfo>, _ arena: Arena) {
        chat__v1__server_info__init(c)
        c.pointee.version = arena.text(version)
        c.pointee.n_services = services.count
        c.pointee.services = arena.texts(services)
        c.pointee.model = arena.text(model)
        c.pointee.stream_model = arena.text(streamModel)
        c.pointee.store = arena.text(store)
        c.pointee.frame_bytes_max = frameBytesMax
        c.pointee.message_bytes_max = messageBytesMax
        c.pointee.history_messages_max = historyMessagesMax
        c.pointee.session_idle_seconds = sessionIdleSeconds
        c.pointee.started_unix_microseconds = startedUnixMicroseconds
        c.pointee.now_unix_microseconds = nowUnixMicroseconds
        c.pointee.draining = draining ? 1 : 0
        c.pointee.authentication_required = authenticationRequired ? 1 : 0
    }
}

extension AuthenticateRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.AuthenticateRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__AuthenticateRequest>? {
        chat__v1__authenticate_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__AuthenticateRequest>) throws(ProtoError) {
        token = try CReader.text(c.pointee.token, "chat.v1.AuthenticateRequest.token")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__AuthenticateRequest>, _ arena: Arena) {
        chat__v1__authenticate_request__init(c)
        c.pointee.token = arena.text(token)
    }
}

extension AuthenticateReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.AuthenticateReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__AuthenticateReply>? {
        chat__v1__authenticate_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__AuthenticateReply>) throws(ProtoError) {
        owner = try CReader.text(c.pointee.owner, "chat.v1.AuthenticateReply.owner")
        expiresUnixMicroseconds = c.pointee.expires_unix_microseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__AuthenticateReply>, _ arena: Arena) {
        chat__v1__authenticate_reply__init(c)
        c.pointee.owner = arena.text(owner)
        c.pointee.expires_unix_microseconds = expiresUnixMicroseconds
    }
}

