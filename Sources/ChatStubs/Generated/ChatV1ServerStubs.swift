// Generated from proto/chat/v1/server.proto by proto/generate (proto/generator); never edited by hand.
// Server protocols and client stubs of its services.
// swift-format-ignore-file

package import ProtoMessages
package import RPC

/// The methods of `chat.v1.ServerService`, for routing, logs and metrics.
package enum ServerServiceDescriptors {
    /// `chat.v1.ServerService/GetServerInfo`.
    package static let getServerInfo = MethodDescriptor(
        service: "chat.v1.ServerService", method: "GetServerInfo", shape: .unary)
    /// `chat.v1.ServerService/Authenticate`.
    package static let authenticate = MethodDescriptor(
        service: "chat.v1.ServerService", method: "Authenticate", shape: .unary)
    /// All of them, in the order of the .proto file.
    package static let all: [MethodDescriptor] = [getServerInfo, authenticate]
}

/// Facts about the server, and authentication of a connection.
///
/// What a server implements for `chat.v1.ServerService`. A call runs isolated to its own actor on its loop.
package protocol ServerServiceMethods: Sendable {
    /// What the server is and which limits it has. Needs no authentication.
    func getServerInfo(_ request: GetServerInfoRequest, context: CallContext) async throws -> ServerInfo
    /// Authenticates this connection for all calls after it, for clients that cannot send metadata with every call. May be
    /// repeated to change or prolong the identity.
    ///
    /// Errors: UNAUTHENTICATED (the token is not valid), UNIMPLEMENTED (the server takes no tokens).
    func authenticate(_ request: AuthenticateRequest, context: CallContext) async throws -> AuthenticateReply
}

extension Router {
    /// Serves every method of `chat.v1.ServerService`. Registering a service twice is a programmer error.
    package mutating func register(_ service: some ServerServiceMethods) {
        unary(ServerServiceDescriptors.getServerInfo, GetServerInfoRequest.self, ServerInfo.self) {
            try await service.getServerInfo($0, context: $1)
        }
        unary(ServerServiceDescriptors.authenticate, AuthenticateRequest.self, AuthenticateReply.self) {
            try await service.authenticate($0, context: $1)
        }
    }
}

/// Facts about the server, and authentication of a connection.
///
/// Calls `chat.v1.ServerService` through a channel. Any task may use it; cancelling the task cancels the call.
package struct ServerServiceClient: Sendable {
    package let channel: any CallChannel

    package init(channel: any CallChannel) { self.channel = channel }

    /// What the server is and which limits it has. Needs no authentication.
    package func getServerInfo(
        _ request: GetServerInfoRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> ServerInfo {
        try unpackReply(
            try await channel.unary(ServerServiceDescriptors.getServerInfo, request.packed(), options: options))
    }

    /// Authenticates this connection for all calls after it, for clients that cannot send metadata with every call. May be
    /// repeated to change or prolong the identity.
    ///
    /// Errors: UNAUTHENTICATED (the token is not valid), UNIMPLEMENTED (the server takes no tokens).
    package func authenticate(
        _ request: AuthenticateRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> AuthenticateReply {
        try unpackReply(
            try await channel.unary(ServerServiceDescriptors.authenticate, request.packed(), options: options))
    }
}

