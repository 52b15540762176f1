// SessionService/GetSession.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension SessionService {
    func getSession(_ request: GetSessionRequest, context: CallContext) async throws -> SessionMessage {
        SessionMessage(try await engine.getSession(owner: context.identity.owner, id: request.sessionID))
    }
}
