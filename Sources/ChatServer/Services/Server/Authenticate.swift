// ServerService/Authenticate: this server takes no tokens.

internal import ProtoMessages
internal import RPC
internal import Wire

extension ServerService {
    func authenticate(_ request: AuthenticateRequest, context: CallContext) async throws -> AuthenticateReply {
        throw RPCError(.unimplemented, "this server takes no tokens; calls need no authentication")
    }
}
