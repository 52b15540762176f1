// LockService/ForceRelease, for operators.

internal import ChatEngine
internal import Logging
internal import ProtoMessages
internal import RPC

extension LockService {
    func forceRelease(_ request: ForceReleaseLockRequest, context: CallContext) async throws -> ForceReleaseLockReply {
        let status = try await engine.forceReleaseLock(
            owner: context.identity.owner, name: request.key, fence: request.fence)
        context.logger.warning("a lock was taken away by force", metadata: ["fence": "\(request.fence)"])
        return ForceReleaseLockReply(ownerLabel: status.ownerLabel)
    }
}
