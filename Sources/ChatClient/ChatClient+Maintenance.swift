// The store as a whole: backups, and conversations that come from elsewhere.

internal import ChatStubs
internal import RPC

extension ChatClient {
    /// The whole store as one SQLite file, piece by piece, while the server goes on serving.
    ///
    /// The call begins with the iteration. The file is whole when, and only when, the iteration ends without an error:
    /// the stream checks its length and its checksum. Without ``ChatCallOptions/timeout`` it may take as long as it
    /// needs.
    public func backup(options: ChatCallOptions = ChatCallOptions()) -> BackupStream {
        var callOptions = repeatable(options)
        callOptions.timeout = options.timeout
        return BackupStream(client: self, options: callOptions)
    }

    /// Adds messages to a session, and makes it where there is none. Safe to repeat: messages that stand at their
    /// places already are not added again.
    ///
    /// - Parameter request: see `proto/chat/v1/maintenance.proto`; its messages' positions are not read.
    /// - Throws: ``ChatClientError``, with reason `IMPORT_CONFLICT` when other messages stand there.
    @discardableResult
    public func importMessages(
        _ request: ImportMessagesRequest, options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> ImportMessagesReply {
        // A turn may hold the session first.
        let callOptions = repeatable(options, defaultTimeout: self.options.callTimeout + Self.sessionWaitMax)
        return try await converting { () async throws(RPCError) in
            try await MaintenanceServiceClient(channel: rpc).importMessages(request, options: callOptions)
        }
    }

    /// How long the server lets an import wait for its session.
    private static let sessionWaitMax = Duration.seconds(30)
}
