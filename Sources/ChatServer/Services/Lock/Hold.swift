// LockService/Hold: a lease that lives as long as its stream.

internal import ChatEngine
internal import IOLoop
internal import Metrics
internal import ProtoMessages
internal import RPC
internal import Wire

extension LockService {
    func hold(_ request: HoldLockRequest, events: ResponseStream<HoldLockEvent>, context: CallContext) async throws {
        guard let loop = IOLoop.current else { preconditionFailure("a call runs on a loop") }
        // A server that goes away gives its leases back at once instead of letting them run out.
        let observation = state.whenDraining { context.cancelTask() }
        defer { state.forget(observation) }
        let reason: LockLostReason
        var isGranted = false
        do {
            let loss = try await engine.holdLock(
                owner: context.identity.owner, name: request.key, token: LockToken(request.token),
                timeToLive: Self.timeToLive(milliseconds: request.ttlMilliseconds),
                wait: Self.wait(milliseconds: request.waitMilliseconds), ownerLabel: request.ownerLabel
            ) { lease in
                isGranted = true
                metrics.locksAcquired.increment()
                metrics.lockWaitDuration.record(duration: loop.now - context.receivedAt)
                let granted = LockGranted(
                    fence: lease.fence, expiresInMilliseconds: Self.expiresInMilliseconds(lease))
                try await events.send(HoldLockEvent(event: .granted(granted)))
            } renewed: { lease in
                let renewed = LockRenewed(expiresInMilliseconds: Self.expiresInMilliseconds(lease))
                try await events.send(HoldLockEvent(event: .renewed(renewed)))
            }
            metrics.locksLost.increment()
            reason = LockLostReason(loss)
        } catch is CancellationError where state.isDraining {
            guard isGranted else {
                throw RPCError(
                    .unavailable, "the server is stopping and the lock was not taken; use another one",
                    reason: ErrorReason.notProcessed)
            }
            reason = .draining
        } catch let error as EngineError where error.kind == .lockNotAcquired {
            metrics.locksRefused.increment()
            throw error
        }
        try await events.send(HoldLockEvent(event: .lost(LockLost(reason: reason))))
    }
}

extension LockLostReason {
    init(_ loss: LockLoss) {
        switch loss {
        case .expired: self = .expired
        case .unreachable: self = .unreachable
        case .forced: self = .forced
        case .released: self = .released
        }
    }
}
