// Generated from proto/chat/v1/session.proto by proto/generate (proto/generator); never edited by hand.
// Server protocols and client stubs of its services.
// swift-format-ignore-file

package import ProtoMessages
package import RPC

/// The methods of `chat.v1.SessionService`, for routing, logs and metrics.
package enum SessionServiceDescriptors {
    /// `chat.v1.SessionService/ListSessions`.
    package static let listSessions = MethodDescriptor(
        service: "chat.v1.SessionService", method: "ListSessions", shape: .unary)
    /// `chat.v1.SessionService/GetSession`.
    package static let getSession = MethodDescriptor(
        service: "chat.v1.SessionService", method: "GetSession", shape: .unary)
    /// `chat.v1.SessionService/UpdateSession`.
    package static let updateSession = MethodDescriptor(
        service: "chat.v1.SessionService", method: "UpdateSession", shape: .unary)
    /// `chat.v1.SessionService/DeleteSession`.
    package static let deleteSession = MethodDescriptor(
        service: "chat.v1.SessionService", method: "DeleteSession", shape: .unary)
    /// `chat.v1.SessionService/ListMessages`.
    package static let listMessages = MethodDescriptor(
        service: "chat.v1.SessionService", method: "ListMessages", shape: .unary)
    /// All of them, in the order of the .proto file.
    package static let all: [MethodDescriptor] = [listSessions, getSession, updateSession, deleteSession, listMessages]
}

/// Keeps conversations. A session begins with its first turn, belongs to the caller that began it, and vanishes whole when
/// it was idle for the configured time (30 days by default).
///
/// Every method may fail with INVALID_ARGUMENT (a bad id, page token or value; the message names the limit),
/// NOT_FOUND (no such session, or another caller's), UNAVAILABLE (the store cannot be reached), DEADLINE_EXCEEDED.
///
/// What a server implements for `chat.v1.SessionService`. A call runs isolated to its own actor on its loop.
package protocol SessionServiceMethods: Sendable {
    /// Lists sessions, newest activity first. A session that is not touched meanwhile is neither skipped nor repeated
    /// from page to page. PERMISSION_DENIED when `allOwners` is asked by a caller that may not.
    func listSessions(_ request: ListSessionsRequest, context: CallContext) async throws -> ListSessionsReply
    /// One session without its messages.
    func getSession(_ request: GetSessionRequest, context: CallContext) async throws -> Session
    /// Changes the title or the labels, and returns the session as it is then. It is no activity: neither the order of
    /// ListSessions nor the expiry changes.
    func updateSession(_ request: UpdateSessionRequest, context: CallContext) async throws -> Session
    /// Deletes a session and its messages. A turn that is running in it is not stored. Repeating it is safe.
    func deleteSession(_ request: DeleteSessionRequest, context: CallContext) async throws -> DeleteSessionReply
    /// Reads a session's messages page by page. Messages that are added meanwhile appear on later pages when the oldest
    /// come first, and not at all when the newest come first.
    func listMessages(_ request: ListMessagesRequest, context: CallContext) async throws -> ListMessagesReply
}

extension Router {
    /// Serves every method of `chat.v1.SessionService`. Registering a service twice is a programmer error.
    package mutating func register(_ service: some SessionServiceMethods) {
        unary(SessionServiceDescriptors.listSessions, ListSessionsRequest.self, ListSessionsReply.self) {
            try await service.listSessions($0, context: $1)
        }
        unary(SessionServiceDescriptors.getSession, GetSessionRequest.self, Session.self) {
            try await service.getSession($0, context: $1)
        }
        unary(SessionServiceDescriptors.updateSession, UpdateSessionRequest.self, Session.self) {
            try await service.updateSession($0, context: $1)
        }
        unary(SessionServiceDescriptors.deleteSession, DeleteSessionRequest.self, DeleteSessionReply.self) {
            try await service.deleteSession($0, context: $1)
        }
        unary(SessionServiceDescriptors.listMessages, ListMessagesRequest.self, ListMessagesReply.self) {
            try await service.listMessages($0, context: $1)
        }
    }
}

/// Keeps conversations. A session begins with its first turn, belongs to the caller that began it, and vanishes whole when
/// it was idle for the configured time (30 days by default).
///
/// Every method may fail with INVALID_ARGUMENT (a bad id, page token or value; the message names the limit),
/// NOT_FOUND (no such session, or another caller's), UNAVAILABLE (the store cannot be reached), DEADLINE_EXCEEDED.
///
/// Calls `chat.v1.SessionService` through a channel. Any task may use it; cancelling the task cancels the call.
package struct SessionServiceClient: Sendable {
    package let channel: any CallChannel

    package init(channel: any CallChannel) { self.channel = channel }

    /// Lists sessions, newest activity first. A session that is not touched meanwhile is neither skipped nor repeated
    /// from page to page. PERMISSION_DENIED when `allOwners` is asked by a caller that may not.
    package func listSessions(
        _ request: ListSessionsRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> ListSessionsReply {
        try unpackReply(
            try await channel.unary(SessionServiceDescriptors.listSessions, request.packed(), options: options))
    }

    /// One session without its messages.
    package func getSession(
        _ request: GetSessionRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> Session {
        try unpackReply(
            try await channel.unary(SessionServiceDescriptors.getSession, request.packed(), options: options))
    }

    /// Changes the title or the labels, and returns the session as it is then. It is no activity: neither the order of
    /// ListSessions nor the expiry changes.
    package func updateSession(
        _ request: UpdateSessionRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> Session {
        try unpackReply(
            try await channel.unary(SessionServiceDescriptors.updateSession, request.packed(), options: options))
    }

    /// Deletes a session and its messages. A turn that is running in it is not stored. Repeating it is safe.
    package func deleteSession(
        _ request: DeleteSessionRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> DeleteSessionReply {
        try unpackReply(
            try await channel.unary(SessionServiceDescriptors.deleteSession, request.packed(), options: options))
    }

    /// Reads a session's messages page by page. Messages that are added meanwhile appear on later pages when the oldest
    /// come first, and not at all when the newest come first.
    package func listMessages(
        _ request: ListMessagesRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> ListMessagesReply {
        try unpackReply(
            try await channel.unary(SessionServiceDescriptors.listMessages, request.packed(), options: options))
    }
}

