// ChatService/CancelTurn: ends a turn that another call runs.

internal import ChatEngine
internal import ProtoMessages
internal import RPC
internal import Wire

extension ChatService {
    func cancelTurn(_ request: CancelTurnRequest, context: CallContext) async throws -> CancelTurnReply {
        guard !request.turnID.isEmpty else {
            throw RPCError(.invalidArgument, "the turn id is empty; name the turn to cancel", reason: "TURN_ID")
        }
        let outcome = engine.cancelTurn(
            owner: context.identity.owner, sessionID: request.sessionID.isEmpty ? nil : request.sessionID,
            turnID: request.turnID)
        return CancelTurnReply(outcome: CancelOutcomeMessage(outcome))
    }
}
