// SessionService/DeleteSession.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension SessionService {
    func deleteSession(_ request: DeleteSessionRequest, context: CallContext) async throws -> DeleteSessionReply {
        let existed = try await engine.deleteSession(owner: context.identity.owner, id: request.sessionID)
        return DeleteSessionReply(existed: existed)
    }
}
