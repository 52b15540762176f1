// Conversations: listing, naming, reading and deleting them.

internal import ChatStubs
internal import RPC

extension ChatClient {
    /// One page of sessions, newest activity first.
    ///
    /// - Parameters:
    ///   - pageToken: `nextPageToken` of the page before; empty for the first.
    ///   - pageSize: at most so many; 0 for the server's default.
    ///   - allOwners: every caller's sessions rather than one's own, where that is allowed.
    /// - Throws: ``ChatClientError``.
    public func listSessions(
        pageToken: String = "", pageSize: Int = 0, allOwners: Bool = false,
        options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> ListSessionsReply {
        let request = ListSessionsRequest(
            allOwners: allOwners, pageSize: UInt32(clamping: pageSize), pageToken: pageToken)
        let callOptions = repeatable(options)
        return try await converting { () async throws(RPCError) in
            try await SessionServiceClient(channel: rpc).listSessions(request, options: callOptions)
        }
    }

    /// All sessions, newest activity first, fetched page by page while they are read.
    public func sessions(
        allOwners: Bool = false, pageSize: Int = 0, options: ChatCallOptions = ChatCallOptions()
    ) -> PagedSequence<Session> {
        PagedSequence { [self] token async throws(ChatClientError) in
            let page = try await listSessions(
                pageToken: token, pageSize: pageSize, allOwners: allOwners, options: options)
            return (page.sessions, page.nextPageToken)
        }
    }

    /// One session without its messages.
    ///
    /// - Throws: ``ChatClientError``; `notFound` for a session that does not exist or is another caller's.
    public func session(
        _ id: String, options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> Session {
        let callOptions = repeatable(options)
        return try await converting { () async throws(RPCError) in
            try await SessionServiceClient(channel: rpc).getSession(
                GetSessionRequest(sessionID: id), options: callOptions)
        }
    }

    /// Changes a session's title or labels.
    ///
    /// - Parameters:
    ///   - title: nil leaves it; empty goes back to the first words of the first message.
    ///   - labels: nil leaves them; anything else replaces them all.
    /// - Returns: the session as it is then.
    /// - Throws: ``ChatClientError``.
    public func updateSession(
        _ id: String, title: String? = nil, labels: [String: String]? = nil,
        options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> Session {
        var request = UpdateSessionRequest(sessionID: id, title: title)
        if let labels {
            request.replaceLabels = true
            request.labels = labels.sorted { $0.key < $1.key }.map { Label(key: $0.key, value: $0.value) }
        }
        let (sent, callOptions) = (request, repeatable(options))
        return try await converting { () async throws(RPCError) in
            try await SessionServiceClient(channel: rpc).updateSession(sent, options: callOptions)
        }
    }

    /// Deletes a session and its messages. Safe to repeat.
    ///
    /// - Returns: false when there was none (any more).
    /// - Throws: ``ChatClientError``.
    @discardableResult
    public func deleteSession(
        _ id: String, options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> Bool {
        let callOptions = repeatable(options)
        return try await converting { () async throws(RPCError) in
            try await SessionServiceClient(channel: rpc).deleteSession(
                DeleteSessionRequest(sessionID: id), options: callOptions
            ).existed
        }
    }

    /// One page of a session's messages.
    ///
    /// - Parameters:
    ///   - pageToken: `nextPageToken` of the page before; empty for the first.
    ///   - pageSize: at most so many; 0 for the server's default.
    ///   - newestFirst: false in the order they were written.
    /// - Throws: ``ChatClientError``.
    public func listMessages(
        sessionID: String, pageToken: String = "", pageSize: Int = 0, newestFirst: Bool = false,
        options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> ListMessagesReply {
        let request = ListMessagesRequest(
            sessionID: sessionID, pageSize: UInt32(clamping: pageSize), pageToken: pageToken, newestFirst: newestFirst)
        let callOptions = repeatable(options)
        return try await converting { () async throws(RPCError) in
            try await SessionServiceClient(channel: rpc).listMessages(request, options: callOptions)
        }
    }

    /// All messages of a session, fetched page by page while they are read.
    public func messages(
        sessionID: String, newestFirst: Bool = false, pageSize: Int = 0, options: ChatCallOptions = ChatCallOptions()
    ) -> PagedSequence<ChatMessage> {
        PagedSequence { [self] token async throws(ChatClientError) in
            let page = try await listMessages(
                sessionID: sessionID, pageToken: token, pageSize: pageSize, newestFirst: newestFirst, options: options)
            return (page.messages, page.nextPageToken)
        }
    }
}
