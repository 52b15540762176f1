// SessionService/UpdateSession.

internal import ChatEngine
internal import ProtoMessages
internal import RPC
internal import Wire

extension SessionService {
    func updateSession(_ request: UpdateSessionRequest, context: CallContext) async throws -> SessionMessage {
        var change = SessionChange(title: request.title)
        if request.replaceLabels {
            change.labels = try Self.labels(request.labels)
        } else if !request.labels.isEmpty {
            throw RPCError(
                .invalidArgument,
                "labels were given without replace_labels, which would ignore them; set it to replace all labels",
                reason: "LABELS")
        }
        let session = try await engine.updateSession(
            owner: context.identity.owner, id: request.sessionID, change: change)
        return SessionMessage(session)
    }
}
