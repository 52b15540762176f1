// SessionService/ListMessages.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension SessionService {
    func listMessages(_ request: ListMessagesRequest, context: CallContext) async throws -> ListMessagesReply {
        let page = try await engine.listMessages(
            owner: context.identity.owner, sessionID: request.sessionID,
            order: request.newestFirst ? .newestFirst : .oldestFirst, pageSize: Int(request.pageSize),
            pageToken: request.pageToken)
        return ListMessagesReply(messages: page.items.map { ChatMessage($0) }, nextPageToken: page.nextToken ?? "")
    }
}

extension ChatMessage {
    init(_ message: StoredMessage) {
        self.init(
            position: UInt64(clamping: message.position), role: MessageRoleMessage(message.role), text: message.text,
            turnID: message.turnID, createdUnixMicroseconds: message.createdAtMicroseconds, model: message.model,
            toolCalls: message.toolCalls.map {
                MessageToolCall(id: $0.id, name: $0.name, arguments: $0.arguments)
            },
            toolCallID: message.toolCallID ?? "")
    }
}

extension MessageRoleMessage {
    init(_ role: EngineMessageRole) {
        switch role {
        case .system: self = .system
        case .user: self = .user
        case .assistant: self = .assistant
        case .tool: self = .tool
        }
    }
}
