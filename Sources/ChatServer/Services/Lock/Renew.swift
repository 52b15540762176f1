// LockService/Renew.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension LockService {
    func renew(_ request: RenewLockRequest, context: CallContext) async throws -> RenewLockReply {
        let lease = try await engine.renewLock(
            owner: context.identity.owner, name: request.key, token: LockToken(request.token),
            timeToLive: Self.timeToLive(milliseconds: request.ttlMilliseconds))
        return RenewLockReply(fence: lease.fence, expiresInMilliseconds: Self.expiresInMilliseconds(lease))
    }
}
