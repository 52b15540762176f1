// Turns: whole answers, streamed answers, and stopping them.

internal import ChatStubs
internal import RPC

extension ChatClient {
    /// Asks and returns the whole answer.
    ///
    /// - Parameters:
    ///   - message: what the user wrote.
    ///   - sessionID: the conversation; empty to begin a new one, whose id the reply tells.
    /// - Throws: as ``chat(_:options:)``.
    public func chat(
        _ message: String, sessionID: String = "", options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> ChatReply {
        try await chat(ChatRequest(message: message, sessionID: sessionID), options: options)
    }

    /// Asks and returns the whole answer.
    ///
    /// The turn gets an id when the request has none, so a call that is tried again, by this library or with the same
    /// `turnID` by the caller, asks the model once and is stored once.
    ///
    /// - Throws: ``ChatClientError``; `proto/chat/v1/chat.proto` lists the codes and reasons of `Chat`.
    public func chat(
        _ request: ChatRequest, options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> ChatReply {
        let request = Self.withTurnID(request)
        let callOptions = repeatable(options, defaultTimeout: self.options.chatTimeout)
        return try await converting { () async throws(RPCError) in
            try await ChatServiceClient(channel: rpc).chat(request, options: callOptions)
        }
    }

    /// Asks and returns the answer piece by piece. See ``streamChat(_:options:)``.
    public func streamChat(
        _ message: String, sessionID: String = "", options: ChatCallOptions = ChatCallOptions()
    ) -> ChatEventStream {
        streamChat(ChatRequest(message: message, sessionID: sessionID), options: options)
    }

    /// Asks and returns the answer piece by piece.
    ///
    /// The call begins with the iteration. Leaving the loop, or cancelling its task, cancels the turn on the server,
    /// which then stores nothing. The answer is whole and stored when, and only when, the `finished` event comes; the
    /// stream checks that no piece is missing.
    public func streamChat(
        _ request: ChatRequest, options: ChatCallOptions = ChatCallOptions()
    ) -> ChatEventStream {
        ChatEventStream(
            client: self, request: Self.withTurnID(request),
            options: repeatable(options, defaultTimeout: self.options.chatTimeout))
    }

    /// Cancels a turn, whichever client began it. Safe to repeat.
    ///
    /// - Throws: ``ChatClientError``.
    public func cancelTurn(
        _ turnID: String, sessionID: String, options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> CancelOutcome {
        let callOptions = repeatable(options)
        return try await converting { () async throws(RPCError) in
            try await ChatServiceClient(channel: rpc).cancelTurn(
                CancelTurnRequest(sessionID: sessionID, turnID: turnID), options: callOptions
            ).outcome
        }
    }

    private static func withTurnID(_ request: ChatRequest) -> ChatRequest {
        var request = request
        if request.turnID.isEmpty { request.turnID = RandomIdentifier.make() }
        return request
    }
}
