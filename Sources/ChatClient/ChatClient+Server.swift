// The server itself: what it is, whether it is well, and an echo for measuring.

internal import ChatStubs
internal import RPC

extension ChatClient {
    /// What the server is and which limits it has.
    ///
    /// - Throws: ``ChatClientError``.
    public func serverInfo(options: ChatCallOptions = ChatCallOptions()) async throws(ChatClientError) -> ServerInfo {
        let callOptions = repeatable(options)
        return try await converting { () async throws(RPCError) in
            try await ServerServiceClient(channel: rpc).getServerInfo(GetServerInfoRequest(), options: callOptions)
        }
    }

    /// Whether the server, or one of its services, is well.
    ///
    /// - Parameter service: such as `chat.v1.ChatService`; empty for the server as a whole.
    /// - Throws: ``ChatClientError``; `notFound` for a service that the server does not know.
    public func health(
        service: String = "", options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> HealthCheckResponse.ServingStatus {
        let callOptions = repeatable(options)
        return try await converting { () async throws(RPCError) in
            try await HealthServiceClient(channel: rpc).check(
                HealthCheckRequest(service: service), options: callOptions
            ).status
        }
    }

    /// Gives `payload` back.
    ///
    /// - Throws: ``ChatClientError``; `unimplemented` by a server that was started without diagnostics.
    public func echo(
        _ payload: [UInt8], options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> [UInt8] {
        let callOptions = repeatable(options)
        return try await converting { () async throws(RPCError) in
            try await DiagnosticsServiceClient(channel: rpc).echo(EchoRequest(payload: payload), options: callOptions)
                .payload
        }
    }
}
