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

    private static func labels(_ labels: [Label]) throws -> [String: String] {
        var result: [String: String] = [:]
        for label in labels where result.updateValue(label.value, forKey: label.key) != nil {
            throw RPCError(.invalidArgument, "a label's key appears twice; each key has one value", reason: "LABELS")
        }
        return result
    }
}
