// MaintenanceService/ImportMessages.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension MaintenanceService {
    func importMessages(
        _ request: ImportMessagesRequest, context: CallContext
    ) async throws -> ImportMessagesReply {
        let wanted = ImportRequest(
            owner: context.identity.owner, sessionID: request.sessionID, userID: request.userID, title: request.title,
            labels: try SessionService.labels(request.labels),
            createdAtMicroseconds: request.createdUnixMicroseconds,
            firstPosition: Int(clamping: request.firstPosition),
            messages: try request.messages.map { try StoredMessage($0) })
        let (session, added) = try await engine.importMessages(wanted, deadline: context.deadline)
        return ImportMessagesReply(
            addedMessages: UInt32(clamping: added), messageCount: UInt64(clamping: session.messageCount))
    }
}

extension StoredMessage {
    init(_ message: ChatMessage) throws(EngineError) {
        self.init(
            role: try EngineMessageRole(message.role), text: message.text, turnID: message.turnID,
            createdAtMicroseconds: message.createdUnixMicroseconds, model: message.model,
            toolCalls: message.toolCalls.map { ToolCall(id: $0.id, name: $0.name, arguments: $0.arguments) },
            toolCallID: message.toolCallID.isEmpty ? nil : message.toolCallID)
    }
}

extension EngineMessageRole {
    init(_ role: MessageRoleMessage) throws(EngineError) {
        switch role {
        case .system: self = .system
        case .user: self = .user
        case .assistant: self = .assistant
        case .tool: self = .tool
        case .unspecified, .unrecognized:
            throw .invalidArgument(
                "ROLE", "a message has no role; it is a system's, a user's, an assistant's or a tool's")
        }
    }
}
