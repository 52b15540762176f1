// Generated from proto/chat/v1/session.proto by proto/generate (proto/generator); never edited by hand.
// From protobuf-c's structs to the Swift values and back; used by MessageCodec.
// swift-format-ignore-file

internal import CChatProto

extension Session: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.Session" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__Session>? {
        chat__v1__session__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__Session>) throws(ProtoError) {
        id = try CReader.text(c.pointee.id, "chat.v1.Session.id")
        title = try CReader.text(c.pointee.title, "chat.v1.Session.title")
        labels = try CReader.messages(c.pointee.n_labels, c.pointee.labels, as: Label.self)
        messageCount = c.pointee.message_count
        createdUnixMicroseconds = c.pointee.created_unix_microseconds
        updatedUnixMicroseconds = c.pointee.updated_unix_microseconds
        expiresUnixMicroseconds = c.pointee.expires_unix_microseconds
        owner = try CReader.text(c.pointee.owner, "chat.v1.Session.owner")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__Session>, _ arena: Arena) {
        chat__v1__session__init(c)
        c.pointee.id = arena.text(id)
        c.pointee.title = arena.text(title)
        c.pointee.n_labels = labels.count
        c.pointee.labels = arena.messages(labels)
        c.pointee.message_count = messageCount
        c.pointee.created_unix_microseconds = createdUnixMicroseconds
        c.pointee.updated_unix_microseconds = updatedUnixMicroseconds
        c.pointee.expires_unix_microseconds = expiresUnixMicroseconds
        c.pointee.owner = arena.text(owner)
    }
}

extension Label: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.Label" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__Label>? {
        chat__v1__label__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__Label>) throws(ProtoError) {
        key = try CReader.text(c.pointee.key, "chat.v1.Label.key")
        value = try CReader.text(c.pointee.value, "chat.v1.Label.value")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__Label>, _ arena: Arena) {
        chat__v1__label__init(c)
        c.pointee.key = arena.text(key)
        c.pointee.value = arena.text(value)
    }
}

extension ListSessionsRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ListSessionsRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ListSessionsRequest>? {
        chat__v1__list_sessions_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ListSessionsRequest>) throws(ProtoError) {
        allOwners = c.pointee.all_owners != 0
        pageSize = c.pointee.page_size
        pageToken = try CReader.text(c.pointee.page_token, "chat.v1.ListSessionsRequest.page_token")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ListSessionsRequest>, _ arena: Arena) {
        chat__v1__list_sessions_request__init(c)
        c.pointee.all_owners = allOwners ? 1 : 0
        c.pointee.page_size = pageSize
        c.pointee.page_token = arena.text(pageToken)
    }
}

extension ListSessionsReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ListSessionsReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ListSessionsReply>? {
        chat__v1__list_sessions_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ListSessionsReply>) throws(ProtoError) {
        sessions = try CReader.messages(c.pointee.n_sessions, c.pointee.sessions, as: Session.self)
        nextPageToken = try CReader.text(c.pointee.next_page_token, "chat.v1.ListSessionsReply.next_page_token")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ListSessionsReply>, _ arena: Arena) {
        chat__v1__list_sessions_reply__init(c)
        c.pointee.n_sessions = sessions.count
        c.pointee.sessions = arena.messages(sessions)
        c.pointee.next_page_token = arena.text(nextPageToken)
    }
}

extension GetSessionRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.GetSessionRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__GetSessionRequest>? {
        chat__v1__get_session_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__GetSessionRequest>) throws(ProtoError) {
        sessionID = try CReader.text(c.pointee.session_id, "chat.v1.GetSessionRequest.session_id")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__GetSessionRequest>, _ arena: Arena) {
        chat__v1__get_session_request__init(c)
        c.pointee.session_id = arena.text(sessionID)
    }
}

extension UpdateSessionRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.UpdateSessionRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__UpdateSessionRequest>? {
        chat__v1__update_session_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__UpdateSessionRequest>) throws(ProtoError) {
        sessionID = try CReader.text(c.pointee.session_id, "chat.v1.UpdateSessionRequest.session_id")
        if c.pointee.optional_title_case.rawValue == 2 {
            title = try CReader.text(c.pointee.title, "chat.v1.UpdateSessionRequest.title")
        }
        replaceLabels = c.pointee.replace_labels != 0
        labels = try CReader.messages(c.pointee.n_labels, c.pointee.labels, as: Label.self)
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__UpdateSessionRequest>, _ arena: Arena) {
        chat__v1__update_session_request__init(c)
        c.pointee.session_id = arena.text(sessionID)
        if let title {
            c.pointee.optional_title_case.rawValue = 2
            c.pointee.title = arena.text(title)
        }
        c.pointee.replace_labels = replaceLabels ? 1 : 0
        c.pointee.n_labels = labels.count
        c.pointee.labels = arena.messages(labels)
    }
}

extension DeleteSessionRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.DeleteSessionRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__DeleteSessionRequest>? {
        chat__v1__delete_session_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__DeleteSessionRequest>) throws(ProtoError) {
        sessionID = try CReader.text(c.pointee.session_id, "chat.v1.DeleteSessionRequest.session_id")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__DeleteSessionRequest>, _ arena: Arena) {
        chat__v1__delete_session_request__init(c)
        c.pointee.session_id = arena.text(sessionID)
    }
}

extension DeleteSessionReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.DeleteSessionReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__DeleteSessionReply>? {
        chat__v1__delete_session_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__DeleteSessionReply>) throws(ProtoError) {
        existed = c.pointee.existed != 0
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__DeleteSessionReply>, _ arena: Arena) {
        chat__v1__delete_session_reply__init(c)
        c.pointee.existed = existed ? 1 : 0
    }
}

extension ListMessagesRequest: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ListMessagesRequest" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ListMessagesRequest>? {
        chat__v1__list_messages_request__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ListMessagesRequest>) throws(ProtoError) {
        sessionID = try CReader.text(c.pointee.session_id, "chat.v1.ListMessagesRequest.session_id")
        pageSize = c.pointee.page_size
        pageToken = try CReader.text(c.pointee.page_token, "chat.v1.ListMessagesRequest.page_token")
        newestFirst = c.pointee.newest_first != 0
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ListMessagesRequest>, _ arena: Arena) {
        chat__v1__list_messages_request__init(c)
        c.pointee.session_id = arena.text(sessionID)
        c.pointee.page_size = pageSize
        c.pointee.page_token = arena.text(pageToken)
        c.pointee.newest_first = newestFirst ? 1 : 0
    }
}

extension ListMessagesReply: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ListMessagesReply" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ListMessagesReply>? {
        chat__v1__list_messages_reply__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ListMessagesReply>) throws(ProtoError) {
        messages = try CReader.messages(c.pointee.n_messages, c.pointee.messages, as: ChatMessage.self)
        nextPageToken = try CReader.text(c.pointee.next_page_token, "chat.v1.ListMessagesReply.next_page_token")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ListMessagesReply>, _ arena: Arena) {
        chat__v1__list_messages_reply__init(c)
        c.pointee.n_messages = messages.count
        c.pointee.messages = arena.messages(messages)
        c.pointee.next_page_token = arena.text(nextPageToken)
    }
}

extension ChatMessage: ProtoMessage, CMessageConvertible {
    package static var fullName: String { "chat.v1.ChatMessage" }

    package init(unpacking bytes: Span<UInt8>) throws(ProtoError) {
        self = try MessageCodec.unpack(bytes)
    }

    package func packed() -> [UInt8] { MessageCodec.pack(self) }

    static func unpackC(
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>
    ) -> UnsafeMutablePointer<Chat__V1__ChatMessage>? {
        chat__v1__chat_message__unpack(allocator, count, bytes)
    }

    init(_ c: UnsafePointer<Chat__V1__ChatMessage>) throws(ProtoError) {
        position = c.pointee.position
        role = MessageRole(number: Int32(bitPattern: c.pointee.role.rawValue))
        text = try CReader.text(c.pointee.text, "chat.v1.ChatMessage.text")
        turnID = try CReader.text(c.pointee.turn_id, "chat.v1.ChatMessage.turn_id")
        createdUnixMicroseconds = c.pointee.created_unix_microseconds
        model = try CReader.text(c.pointee.model, "chat.v1.ChatMessage.model")
    }

    func fill(_ c: UnsafeMutablePointer<Chat__V1__ChatMessage>, _ arena: Arena) {
        chat__v1__chat_message__init(c)
        c.pointee.position = position
        c.pointee.role = Chat__V1__MessageRole(rawValue: UInt32(bitPattern: role.number))
        c.pointee.text = arena.text(text)
        c.pointee.turn_id = arena.text(turnID)
        c.pointee.created_unix_microseconds = createdUnixMicroseconds
        c.pointee.model = arena.text(model)
    }
}

