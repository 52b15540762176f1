// Distributed locks: taking, renewing, releasing and looking at leases. `withLock` is in WithLock.swift.

internal import ChatStubs
internal import RPC

extension ChatClient {
    /// Takes a lease on `key`. Most callers want ``withLock(_:ttl:wait:ownerLabel:options:_:)``.
    ///
    /// - Parameters:
    ///   - key: 1 to 256 bytes without control characters, spaces or braces.
    ///   - ttl: how long the lease lives without renewal; 100 milliseconds to an hour.
    ///   - wait: how long to wait in line; at most a minute.
    ///   - ownerLabel: tells others who holds it; not a secret.
    ///   - token: a token used before gives its lease again.
    /// - Throws: ``ChatClientError`` with reason `NOT_ACQUIRED` when someone else holds it. With code `unavailable` or
    ///   `deadlineExceeded` the lease may exist: ask again with the same token, or release it.
    public func acquireLock(
        _ key: String, ttl: Duration = .seconds(10), wait: Duration = .zero, ownerLabel: String = "",
        token: LockToken = LockToken(), options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> LockLease {
        let request = AcquireLockRequest(
            key: key, token: token.text, ttlMilliseconds: ttl.wireMilliseconds, waitMilliseconds: wait.wireMilliseconds,
            ownerLabel: ownerLabel)
        let callOptions = repeatable(options, defaultTimeout: self.options.callTimeout + max(wait, .zero))
        let askedAt = ContinuousClock.now
        let reply = try await converting { () async throws(RPCError) in
            try await LockServiceClient(channel: rpc).acquire(request, options: callOptions)
        }
        // The lease began when the reply was sent, which is no earlier than the request unless there was a wait.
        let beganAt = wait > .zero ? ContinuousClock.now : askedAt
        return LockLease(
            key: key, token: token, fence: reply.fence,
            expiresAt: beganAt + .milliseconds(Int64(clamping: reply.expiresInMilliseconds)))
    }

    /// Begins a lease's time to live anew.
    ///
    /// - Throws: ``ChatClientError`` with reason `LOST` when the lease is gone.
    public func renewLock(
        _ key: String, token: LockToken, ttl: Duration = .seconds(10), options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> LockLease {
        let request = RenewLockRequest(key: key, token: token.text, ttlMilliseconds: ttl.wireMilliseconds)
        let callOptions = repeatable(options)
        let askedAt = ContinuousClock.now
        let reply = try await converting { () async throws(RPCError) in
            try await LockServiceClient(channel: rpc).renew(request, options: callOptions)
        }
        return LockLease(
            key: key, token: token, fence: reply.fence,
            expiresAt: askedAt + .milliseconds(Int64(clamping: reply.expiresInMilliseconds)))
    }

    /// Gives a lease back.
    ///
    /// - Throws: ``ChatClientError`` with reason `LOST` when the lease was gone before.
    public func releaseLock(
        _ key: String, token: LockToken, options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) {
        let request = ReleaseLockRequest(key: key, token: token.text)
        var callOptions = repeatable(options)
        // Repeated here and not below: the answer of a repeated release means something else.
        callOptions.isSafeToRetry = false
        var mayBeReleased = false
        for attempt in 1...Self.releaseAttemptsMax {
            let sent = callOptions
            do throws(ChatClientError) {
                _ = try await converting { () async throws(RPCError) in
                    try await LockServiceClient(channel: rpc).release(request, options: sent)
                }
                return
            } catch {
                if error.isLost, mayBeReleased { return }
                guard error.code == .unavailable, attempt < Self.releaseAttemptsMax else { throw error }
                mayBeReleased = true
            }
        }
    }

    /// A release whose connection is lost is sent on the next one; more often means that the service is down.
    private static let releaseAttemptsMax = 3

    /// Tells who holds a lock.
    ///
    /// - Throws: ``ChatClientError``.
    public func inspectLock(
        _ key: String, options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> InspectLockReply {
        let callOptions = repeatable(options)
        return try await converting { () async throws(RPCError) in
            try await LockServiceClient(channel: rpc).inspect(InspectLockRequest(key: key), options: callOptions)
        }
    }

    /// Takes a lease away from its holder, for operators.
    ///
    /// - Parameter fence: which lease, from ``inspectLock(_:options:)``, so that a newer one is not hit.
    /// - Returns: the label of whom it was taken from.
    /// - Throws: ``ChatClientError`` with reason `LOST` when there is no lease with this fence (any more).
    @discardableResult
    public func forceReleaseLock(
        _ key: String, fence: UInt64, options: ChatCallOptions = ChatCallOptions()
    ) async throws(ChatClientError) -> String {
        var callOptions = repeatable(options)
        callOptions.isSafeToRetry = false
        let sent = callOptions
        return try await converting { () async throws(RPCError) in
            try await LockServiceClient(channel: rpc).forceRelease(
                ForceReleaseLockRequest(key: key, fence: fence), options: sent
            ).ownerLabel
        }
    }

    /// Takes a lease that the server renews while the stream is read; leaving the loop releases it.
    ///
    /// - Parameters: as ``acquireLock(_:ttl:wait:ownerLabel:token:options:)``, except that without
    ///   ``ChatCallOptions/timeout`` the stream lasts as long as it is read.
    public func holdLock(
        _ key: String, ttl: Duration = .seconds(10), wait: Duration = .zero, ownerLabel: String = "",
        token: LockToken = LockToken(), options: ChatCallOptions = ChatCallOptions()
    ) -> LockEventStream {
        var callOptions = repeatable(options)
        callOptions.timeout = options.timeout
        return LockEventStream(
            client: self,
            request: HoldLockRequest(
                key: key, token: token.text, ttlMilliseconds: ttl.wireMilliseconds,
                waitMilliseconds: wait.wireMilliseconds, ownerLabel: ownerLabel),
            options: callOptions, grantTimeout: self.options.callTimeout + max(wait, .zero))
    }
}

extension Duration {
    /// As the wire has it: whole milliseconds, rounded up, within 0 and the field's maximum.
    var wireMilliseconds: UInt32 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        guard seconds < Int64(UInt32.max / 1000) else { return .max }
        let (quotient, remainder) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
        return UInt32(seconds * 1000 + quotient + (remainder > 0 ? 1 : 0))
    }
}
