// LockService/Acquire.

internal import ChatEngine
internal import IOLoop
internal import Metrics
internal import ProtoMessages
internal import RPC

extension LockService {
    func acquire(_ request: AcquireLockRequest, context: CallContext) async throws -> AcquireLockReply {
        let lease = try await counted(since: context.receivedAt) {
            try await engine.acquireLock(
                owner: context.identity.owner, name: request.key, token: LockToken(request.token),
                timeToLive: Self.timeToLive(milliseconds: request.ttlMilliseconds),
                wait: Self.wait(milliseconds: request.waitMilliseconds), ownerLabel: request.ownerLabel)
        }
        return AcquireLockReply(fence: lease.fence, expiresInMilliseconds: Self.expiresInMilliseconds(lease))
    }

    /// Counts what an acquire came to.
    func counted<Result>(
        since start: ContinuousClock.Instant, _ acquire: () async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await acquire()
            metrics.locksAcquired.increment()
            metrics.lockWaitDuration.record(duration: (IOLoop.current?.now ?? .now) - start)
            return result
        } catch let error as EngineError where error.kind == .lockNotAcquired {
            metrics.locksRefused.increment()
            throw error
        }
    }
}
