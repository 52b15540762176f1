// Generated from proto/chat/v1/chat.proto by proto/generate (proto/generator); never edited by hand.
// Server protocols and client stubs of its services.
// swift-format-ignore-file

package import ProtoMessages
package import RPC

/// The methods of `chat.v1.ChatService`, for routing, logs and metrics.
package enum ChatServiceDescriptors {
    /// `chat.v1.ChatService/Chat`.
    package static let chat = MethodDescriptor(
        service: "chat.v1.ChatService", method: "Chat", shape: .unary)
    /// `chat.v1.ChatService/StreamChat`.
    package static let streamChat = MethodDescriptor(
        service: "chat.v1.ChatService", method: "StreamChat", shape: .serverStream)
    /// `chat.v1.ChatService/CancelTurn`.
    package static let cancelTurn = MethodDescriptor(
        service: "chat.v1.ChatService", method: "CancelTurn", shape: .unary)
    /// All of them, in the order of the .proto file.
    package static let all: [MethodDescriptor] = [chat, streamChat, cancelTurn]
}

/// Answers user messages with a large language model and keeps the conversation.
///
/// A turn is stored whole or not at all: a turn that fails or is cancelled leaves the session as it was. Calls with a
/// turn id may be repeated safely; the answer of a stored turn is given again instead of asking the model twice.
///
/// What a server implements for `chat.v1.ChatService`. A call runs isolated to its own actor on its loop.
package protocol ChatServiceMethods: Sendable {
    /// Answers one message when the whole answer is there.
    ///
    /// Errors: INVALID_ARGUMENT (an empty or too long message, a bad id, a value out of range; the message names the
    /// limit), FAILED_PRECONDITION with reason TURN_MISMATCH (this turn id was used with another request), ABORTED with
    /// reason SESSION_BUSY (another turn holds the session and `whenBusy` says refuse, or waiting took too long),
    /// ABORTED with reason SESSION_DELETED (the session was deleted meanwhile), RESOURCE_EXHAUSTED (a limit of the
    /// service or of the model's provider; RetryInfo says when to try again), UNAVAILABLE (the model or the store cannot
    /// be reached), UNAVAILABLE with reason OUTCOME_UNKNOWN (the turn may be stored; repeat it with the same turn id),
    /// DEADLINE_EXCEEDED, CANCELLED.
    func chat(_ request: ChatRequest, context: CallContext) async throws -> ChatReply
    /// Answers one message piece by piece. The last event is `finished`; it is sent after the turn was stored. A stream
    /// that ends without it did not finish. Errors are those of Chat, before or in the middle of the stream.
    func streamChat(_ request: ChatRequest, events: ResponseStream<ChatEvent>, context: CallContext) async throws
    /// Cancels a turn that is running on this server, whichever connection started it. Repeating it is safe.
    ///
    /// Errors: INVALID_ARGUMENT (a bad id).
    func cancelTurn(_ request: CancelTurnRequest, context: CallContext) async throws -> CancelTurnReply
}

extension Router {
    /// Serves every method of `chat.v1.ChatService`. Registering a service twice is a programmer error.
    package mutating func register(_ service: some ChatServiceMethods) {
        unary(ChatServiceDescriptors.chat, ChatRequest.self, ChatReply.self) {
            try await service.chat($0, context: $1)
        }
        serverStream(ChatServiceDescriptors.streamChat, ChatRequest.self, ChatEvent.self) {
            try await service.streamChat($0, events: $1, context: $2)
        }
        unary(ChatServiceDescriptors.cancelTurn, CancelTurnRequest.self, CancelTurnReply.self) {
            try await service.cancelTurn($0, context: $1)
        }
    }
}

/// Answers user messages with a large language model and keeps the conversation.
///
/// A turn is stored whole or not at all: a turn that fails or is cancelled leaves the session as it was. Calls with a
/// turn id may be repeated safely; the answer of a stored turn is given again instead of asking the model twice.
///
/// Calls `chat.v1.ChatService` through a channel. Any task may use it; cancelling the task cancels the call.
package struct ChatServiceClient: Sendable {
    package let channel: any CallChannel

    package init(channel: any CallChannel) { self.channel = channel }

    /// Answers one message when the whole answer is there.
    ///
    /// Errors: INVALID_ARGUMENT (an empty or too long message, a bad id, a value out of range; the message names the
    /// limit), FAILED_PRECONDITION with reason TURN_MISMATCH (this turn id was used with another request), ABORTED with
    /// reason SESSION_BUSY (another turn holds the session and `whenBusy` says refuse, or waiting took too long),
    /// ABORTED with reason SESSION_DELETED (the session was deleted meanwhile), RESOURCE_EXHAUSTED (a limit of the
    /// service or of the model's provider; RetryInfo says when to try again), UNAVAILABLE (the model or the store cannot
    /// be reached), UNAVAILABLE with reason OUTCOME_UNKNOWN (the turn may be stored; repeat it with the same turn id),
    /// DEADLINE_EXCEEDED, CANCELLED.
    package func chat(
        _ request: ChatRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> ChatReply {
        try unpackReply(
            try await channel.unary(ChatServiceDescriptors.chat, request.packed(), options: options))
    }

    /// Answers one message piece by piece. The last event is `finished`; it is sent after the turn was stored. A stream
    /// that ends without it did not finish. Errors are those of Chat, before or in the middle of the stream.
    package func streamChat(
        _ request: ChatRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> ResponseReader<ChatEvent> {
        ResponseReader(
            try await channel.serverStream(ChatServiceDescriptors.streamChat, request.packed(), options: options))
    }

    /// Cancels a turn that is running on this server, whichever connection started it. Repeating it is safe.
    ///
    /// Errors: INVALID_ARGUMENT (a bad id).
    package func cancelTurn(
        _ request: CancelTurnRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> CancelTurnReply {
        try unpackReply(
            try await channel.unary(ChatServiceDescriptors.cancelTurn, request.packed(), options: options))
    }
}

