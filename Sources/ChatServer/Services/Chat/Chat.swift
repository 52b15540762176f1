// ChatService/Chat: a turn whose answer comes whole.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension ChatService {
    func chat(_ request: ChatRequest, context: CallContext) async throws -> ChatReply {
        let turn = try TurnRequest(request, context: context, streams: false)
        let reply = try await observed {
            try await engine.runTurn(turn, cancel: { context.cancelTask() }, emit: { _ in })
        }
        return ChatReply(reply)
    }
}
