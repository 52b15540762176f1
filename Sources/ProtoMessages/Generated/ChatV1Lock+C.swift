// Generated from proto/chat/v1/lock.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension AcquireLockRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.AcquireLockRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__AcquireLockRequest>? {
        chat__v1__acquire_lock_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__AcquireLockRequest>) throws(ProtoError) {
        key = try CReader.text(c.pointee.key, "chat.v1.AcquireLockRequest.key")
        token = try CReader.text(c.pointee.token, "chat.v1.AcquireLockRequest.token")
        ttlMilliseconds = c.pointee.ttl_milliseconds
        waitMilliseconds = c.pointee.wait_milliseconds
        ownerLabel = try CReader.text(c.pointee.owner_label, "chat.v1.AcquireLockRequest.owner_label")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__AcquireLockRequest>, _ arena: Arena) {
        chat__v1__acquire_lock_request__init(c)
        c.pointee.key = arena.text(key)
        c.pointee.token = arena.text(token)
        c.pointee.ttl_milliseconds = ttlMilliseconds
        c.pointee.wait_milliseconds = waitMilliseconds
        c.pointee.owner_label = arena.text(ownerLabel)
    }
}

extension AcquireLockReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.AcquireLockReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__AcquireLockReply>? {
        chat__v1__acquire_lock_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__AcquireLockReply>) throws(ProtoError) {
        fence = c.pointee.fence
        expiresInMilliseconds = c.pointee.expires_in_milliseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__AcquireLockReply>, _ arena: Arena) {
        chat__v1__acquire_lock_reply__init(c)
        c.pointee.fence = fence
        c.pointee.expires_in_milliseconds = expiresInMilliseconds
    }
}

extension RenewLockRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.RenewLockRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__RenewLockRequest>? {
        chat__v1__renew_lock_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__RenewLockRequest>) throws(ProtoError) {
        key = try CReader.text(c.pointee.key, "chat.v1.RenewLockRequest.key")
        token = try CReader.text(c.pointee.token, "chat.v1.RenewLockRequest.token")
        ttlMilliseconds = c.pointee.ttl_milliseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__RenewLockRequest>, _ arena: Arena) {
        chat__v1__renew_lock_request__init(c)
        c.pointee.key = arena.text(key)
        c.pointee.token = arena.text(token)
        c.pointee.ttl_milliseconds = ttlMilliseconds
    }
}

extension RenewLockReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.RenewLockReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__RenewLockReply>? {
        chat__v1__renew_lock_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__RenewLockReply>) throws(ProtoError) {
        fence = c.pointee.fence
        expiresInMilliseconds = c.pointee.expires_in_milliseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__RenewLockReply>, _ arena: Arena) {
        chat__v1__renew_lock_reply__init(c)
        c.pointee.fence = fence
        c.pointee.expires_in_milliseconds = expiresInMilliseconds
    }
}

extension ReleaseLockRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ReleaseLockRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ReleaseLockRequest>? {
        chat__v1__release_lock_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ReleaseLockRequest>) throws(ProtoError) {
        key = try CReader.text(c.pointee.key, "chat.v1.ReleaseLockRequest.key")
        token = try CReader.text(c.pointee.token, "chat.v1.ReleaseLockRequest.token")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ReleaseLockRequest>, _ arena: Arena) {
        chat__v1__release_lock_request__init(c)
        c.pointee.key = arena.text(key)
        c.pointee.token = arena.text(token)
    }
}

extension ReleaseLockReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ReleaseLockReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ReleaseLockReply>? {
        chat__v1__release_lock_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ReleaseLockReply>) throws(ProtoError) {
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ReleaseLockReply>, _ arena: Arena) {
        chat__v1__release_lock_reply__init(c)
    }
}

extension InspectLockRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.InspectLockRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__InspectLockRequest>? {
        chat__v1__inspect_lock_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__InspectLockRequest>) throws(ProtoError) {
        key = try CReader.text(c.pointee.key, "chat.v1.InspectLockRequest.key")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__InspectLockRequest>, _ arena: Arena) {
        chat__v1__inspect_lock_request__init(c)
        c.pointee.key = arena.text(key)
    }
}

extension InspectLockReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.InspectLockReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__InspectLockReply>? {
        chat__v1__inspect_lock_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__InspectLockReply>) throws(ProtoError) {
        held = c.pointee.held != 0
        fence = c.pointee.fence
        ownerLabel = try CReader.text(c.pointee.owner_label, "chat.v1.InspectLockReply.owner_label")
        expiresInMilliseconds = c.pointee.expires_in_milliseconds
        waiters = c.pointee.waiters
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__InspectLockReply>, _ arena: Arena) {
        chat__v1__inspect_lock_reply__init(c)
        c.pointee.held = held ? 1 : 0
        c.pointee.fence = fence
        c.pointee.owner_label = arena.text(ownerLabel)
        c.pointee.expires_in_milliseconds = expiresInMilliseconds
        c.pointee.waiters = waiters
    }
}

extension HoldLockRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.HoldLockRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__HoldLockRequest>? {
        chat__v1__hold_lock_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__HoldLockRequest>) throws(ProtoError) {
        key = try CReader.text(c.pointee.key, "chat.v1.HoldLockRequest.key")
        token = try CReader.text(c.pointee.token, "chat.v1.HoldLockRequest.token")
        ttlMilliseconds = c.pointee.ttl_milliseconds
        waitMilliseconds = c.pointee.wait_milliseconds
        ownerLabel = try CReader.text(c.pointee.owner_label, "chat.v1.HoldLockRequest.owner_label")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__HoldLockRequest>, _ arena: Arena) {
        chat__v1__hold_lock_request__init(c)
        c.pointee.key = arena.text(key)
        c.pointee.token = arena.text(token)
        c.pointee.ttl_milliseconds = ttlMilliseconds
        c.pointee.wait_milliseconds = waitMilliseconds
        c.pointee.owner_label = arena.text(ownerLabel)
    }
}

extension HoldLockEvent: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.HoldLockEvent" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__HoldLockEvent>? {
        chat__v1__hold_lock_event__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__HoldLockEvent>) throws(ProtoError) {
        switch c.pointee.event_case.rawValue {
        case 1: event = try CReader.message(c.pointee.granted, as: LockGranted.self).map { .granted($0) }
        case 2: event = try CReader.message(c.pointee.renewed, as: LockRenewed.self).map { .renewed($0) }
        case 3: event = try CReader.message(c.pointee.lost, as: LockLost.self).map { .lost($0) }
        default: event = nil
        }
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__HoldLockEvent>, _ arena: Arena) {
        chat__v1__hold_lock_event__init(c)
        switch event {
        case .granted(let value):
            c.pointee.event_case.rawValue = 1
            c.pointee.granted = arena.message(value)
        case .renewed(let value):
            c.pointee.event_case.rawValue = 2
            c.pointee.renewed = arena.message(value)
        case .lost(let value):
            c.pointee.event_case.rawValue = 3
            c.pointee.lost = arena.message(value)
        case nil: break
        }
    }
}

extension LockGranted: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.LockGranted" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__LockGranted>? {
        chat__v1__lock_granted__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__LockGranted>) throws(ProtoError) {
        fence = c.pointee.fence
        expiresInMilliseconds = c.pointee.expires_in_milliseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__LockGranted>, _ arena: Arena) {
        chat__v1__lock_granted__init(c)
        c.pointee.fence = fence
        c.pointee.expires_in_milliseconds = expiresInMilliseconds
    }
}

extension LockRenewed: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.LockRenewed" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__LockRenewed>? {
        chat__v1__lock_renewed__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__LockRenewed>) throws(ProtoError) {
        expiresInMilliseconds = c.pointee.expires_in_milliseconds
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__LockRenewed>, _ arena: Arena) {
        chat__v1__lock_renewed__init(c)
        c.pointee.expires_in_milliseconds = expiresInMilliseconds
    }
}

extension LockLost: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.LockLost" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__LockLost>? {
        chat__v1__lock_lost__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__LockLost>) throws(ProtoError) {
        reason = LockLostReason(number: Int32(bitPattern: c.pointee.reason.rawValue))
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__LockLost>, _ arena: Arena) {
        chat__v1__lock_lost__init(c)
        c.pointee.reason = Chat__V1__LockLostReason(rawValue: UInt32(bitPattern: reason.number))
    }
}

extension ForceReleaseLockRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ForceReleaseLockRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ForceReleaseLockRequest>? {
        chat__v1__force_release_lock_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ForceReleaseLockRequest>) throws(ProtoError) {
        key = try CReader.text(c.pointee.key, "chat.v1.ForceReleaseLockRequest.key")
        fence = c.pointee.fence
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ForceReleaseLockRequest>, _ arena: Arena) {
        chat__v1__force_release_lock_request__init(c)
        c.pointee.key = arena.text(key)
        c.pointee.fence = fence
    }
}

extension ForceReleaseLockReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ForceReleaseLockReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ForceReleaseLockReply>? {
        chat__v1__force_release_lock_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ForceReleaseLockReply>) throws(ProtoError) {
        ownerLabel = try CReader.text(c.pointee.owner_label, "chat.v1.ForceReleaseLockReply.owner_label")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ForceReleaseLockReply>, _ arena: Arena) {
        chat__v1__force_release_lock_reply__init(c)
        c.pointee.owner_label = arena.text(ownerLabel)
    }
}

