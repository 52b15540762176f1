// SessionService/ListSessions.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension SessionService {
    func listSessions(_ request: ListSessionsRequest, context: CallContext) async throws -> ListSessionsReply {
        // Callers do not authenticate to this server, so all of them are one owner and may see all that it keeps.
        let scope: SessionScope = request.allOwners ? .allOwners : .owner(context.identity.owner)
        let page = try await engine.listSessions(
            in: scope, pageSize: Int(request.pageSize), pageToken: request.pageToken)
        return ListSessionsReply(
            sessions: page.items.map { SessionMessage($0) }, nextPageToken: page.nextToken ?? "")
    }
}
