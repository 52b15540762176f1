// LockService/Release.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension LockService {
    func release(_ request: ReleaseLockRequest, context: CallContext) async throws -> ReleaseLockReply {
        try await engine.releaseLock(
            owner: context.identity.owner, name: request.key, token: LockToken(request.token))
        return ReleaseLockReply()
    }
}
