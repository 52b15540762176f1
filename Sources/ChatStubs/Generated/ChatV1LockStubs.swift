// Generated from proto/chat/v1/lock.proto by proto/generate (proto/generator); never edited by hand.
// Server protocols and client stubs of its services.
// swift-format-ignore-file

package import ProtoMessages
package import RPC

/// The methods of `chat.v1.LockService`, for routing, logs and metrics.
package enum LockServiceDescriptors {
    /// `chat.v1.LockService/Acquire`.
    package static let acquire = MethodDescriptor(
        service: "chat.v1.LockService", method: "Acquire", shape: .unary)
    /// `chat.v1.LockService/Renew`.
    package static let renew = MethodDescriptor(
        service: "chat.v1.LockService", method: "Renew", shape: .unary)
    /// `chat.v1.LockService/Release`.
    package static let release = MethodDescriptor(
        service: "chat.v1.LockService", method: "Release", shape: .unary)
    /// `chat.v1.LockService/Inspect`.
    package static let inspect = MethodDescriptor(
        service: "chat.v1.LockService", method: "Inspect", shape: .unary)
    /// `chat.v1.LockService/Hold`.
    package static let hold = MethodDescriptor(
        service: "chat.v1.LockService", method: "Hold", shape: .serverStream)
    /// `chat.v1.LockService/ForceRelease`.
    package static let forceRelease = MethodDescriptor(
        service: "chat.v1.LockService", method: "ForceRelease", shape: .unary)
    /// All of them, in the order of the .proto file.
    package static let all: [MethodDescriptor] = [acquire, renew, release, inspect, hold, forceRelease]
}

/// Hands out leases on keys. These locks have nothing to do with those that sessions are held by.
///
/// A lease alone is not mutual exclusion: its holder may be paused past the end of it. Whoever writes under a lock checks
/// the fence in the same operation: it grows with every lease on a key, so a writer that comes late has a smaller one.
///
/// Three outcomes, never confused: ABORTED with reason NOT_ACQUIRED (someone else holds it), FAILED_PRECONDITION with
/// reason LOST (the lease ended or was taken away), and UNAVAILABLE or DEADLINE_EXCEEDED (no answer: the lease may or may
/// not exist; ask again with the same token). Every method may fail with INVALID_ARGUMENT; the message names the limit.
///
/// What a server implements for `chat.v1.LockService`. A call runs isolated to its own actor on its loop.
package protocol LockServiceMethods: Sendable {
    /// Takes a lease. Repeated with the same key and token it gives the same lease with the same fence, its time to live
    /// begun anew.
    ///
    /// Errors: ABORTED with reason NOT_ACQUIRED, RESOURCE_EXHAUSTED (too many wait for this key).
    func acquire(_ request: AcquireLockRequest, context: CallContext) async throws -> AcquireLockReply
    /// Begins the time to live of a lease anew. Errors: FAILED_PRECONDITION with reason LOST.
    func renew(_ request: RenewLockRequest, context: CallContext) async throws -> RenewLockReply
    /// Gives a lease back; the next in line gets the lock. Errors: FAILED_PRECONDITION with reason LOST.
    func release(_ request: ReleaseLockRequest, context: CallContext) async throws -> ReleaseLockReply
    /// Tells who holds a lock. Needs no token.
    func inspect(_ request: InspectLockRequest, context: CallContext) async throws -> InspectLockReply
    /// Takes a lease and keeps it, renewing it, for as long as the stream lives; the lease is released when the stream is
    /// cancelled or its connection is lost. `granted` comes first, then `renewed` at every renewal; `lost` is the last
    /// event, and the stream ends normally after it. A caller that hears nothing for `expiresInMilliseconds` must take the
    /// lease for lost. Errors: those of Acquire.
    func hold(_ request: HoldLockRequest, events: ResponseStream<HoldLockEvent>, context: CallContext) async throws
    /// Takes a lease away from its holder, for operators. Only the lease with this fence, so that a newer one is not hit.
    ///
    /// Errors: FAILED_PRECONDITION with reason LOST (no lease with this fence).
    func forceRelease(_ request: ForceReleaseLockRequest, context: CallContext) async throws -> ForceReleaseLockReply
}

extension Router {
    /// Serves every method of `chat.v1.LockService`. Registering a service twice is a programmer error.
    package mutating func register(_ service: some LockServiceMethods) {
        unary(LockServiceDescriptors.acquire, AcquireLockRequest.self, AcquireLockReply.self) {
            try await service.acquire($0, context: $1)
        }
        unary(LockServiceDescriptors.renew, RenewLockRequest.self, RenewLockReply.self) {
            try await service.renew($0, context: $1)
        }
        unary(LockServiceDescriptors.release, ReleaseLockRequest.self, ReleaseLockReply.self) {
            try await service.release($0, context: $1)
        }
        unary(LockServiceDescriptors.inspect, InspectLockRequest.self, InspectLockReply.self) {
            try await service.inspect($0, context: $1)
        }
        serverStream(LockServiceDescriptors.hold, HoldLockRequest.self, HoldLockEvent.self) {
            try await service.hold($0, events: $1, context: $2)
        }
        unary(LockServiceDescriptors.forceRelease, ForceReleaseLockRequest.self, ForceReleaseLockReply.self) {
            try await service.forceRelease($0, context: $1)
        }
    }
}

/// Hands out leases on keys. These locks have nothing to do with those that sessions are held by.
///
/// A lease alone is not mutual exclusion: its holder may be paused past the end of it. Whoever writes under a lock checks
/// the fence in the same operation: it grows with every lease on a key, so a writer that comes late has a smaller one.
///
/// Three outcomes, never confused: ABORTED with reason NOT_ACQUIRED (someone else holds it), FAILED_PRECONDITION with
/// reason LOST (the lease ended or was taken away), and UNAVAILABLE or DEADLINE_EXCEEDED (no answer: the lease may or may
/// not exist; ask again with the same token). Every method may fail with INVALID_ARGUMENT; the message names the limit.
///
/// Calls `chat.v1.LockService` through a channel. Any task may use it; cancelling the task cancels the call.
package struct LockServiceClient: Sendable {
    package let channel: any CallChannel

    package init(channel: any CallChannel) { self.channel = channel }

    /// Takes a lease. Repeated with the same key and token it gives the same lease with the same fence, its time to live
    /// begun anew.
    ///
    /// Errors: ABORTED with reason NOT_ACQUIRED, RESOURCE_EXHAUSTED (too many wait for this key).
    package func acquire(
        _ request: AcquireLockRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> AcquireLockReply {
        try unpackReply(
            try await channel.unary(LockServiceDescriptors.acquire, request.packed(), options: options))
    }

    /// Begins the time to live of a lease anew. Errors: FAILED_PRECONDITION with reason LOST.
    package func renew(
        _ request: RenewLockRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> RenewLockReply {
        try unpackReply(
            try await channel.unary(LockServiceDescriptors.renew, request.packed(), options: options))
    }

    /// Gives a lease back; the next in line gets the lock. Errors: FAILED_PRECONDITION with reason LOST.
    package func release(
        _ request: ReleaseLockRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> ReleaseLockReply {
        try unpackReply(
            try await channel.unary(LockServiceDescriptors.release, request.packed(), options: options))
    }

    /// Tells who holds a lock. Needs no token.
    package func inspect(
        _ request: InspectLockRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> InspectLockReply {
        try unpackReply(
            try await channel.unary(LockServiceDescriptors.inspect, request.packed(), options: options))
    }

    /// Takes a lease and keeps it, renewing it, for as long as the stream lives; the lease is released when the stream is
    /// cancelled or its connection is lost. `granted` comes first, then `renewed` at every renewal; `lost` is the last
    /// event, and the stream ends normally after it. A caller that hears nothing for `expiresInMilliseconds` must take the
    /// lease for lost. Errors: those of Acquire.
    package func hold(
        _ request: HoldLockRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> ResponseReader<HoldLockEvent> {
        ResponseReader(
            try await channel.serverStream(LockServiceDescriptors.hold, request.packed(), options: options))
    }

    /// Takes a lease away from its holder, for operators. Only the lease with this fence, so that a newer one is not hit.
    ///
    /// Errors: FAILED_PRECONDITION with reason LOST (no lease with this fence).
    package func forceRelease(
        _ request: ForceReleaseLockRequest, options: CallOptions = CallOptions()
    ) async throws(RPCError) -> ForceReleaseLockReply {
        try unpackReply(
            try await channel.unary(LockServiceDescriptors.forceRelease, request.packed(), options: options))
    }
}

