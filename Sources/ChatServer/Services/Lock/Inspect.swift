// LockService/Inspect.

internal import ChatEngine
internal import ProtoMessages
internal import RPC

extension LockService {
    func inspect(_ request: InspectLockRequest, context: CallContext) async throws -> InspectLockReply {
        guard let status = try await engine.inspectLock(owner: context.identity.owner, name: request.key) else {
            return InspectLockReply(held: false)
        }
        return InspectLockReply(
            held: true, fence: status.fence, ownerLabel: status.ownerLabel,
            expiresInMilliseconds: Self.milliseconds(status.remaining), waiters: UInt32(clamping: status.waiters),
            acquiredUnixMicroseconds: status.acquiredAtMicroseconds)
    }
}
