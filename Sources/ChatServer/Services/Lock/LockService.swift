// LockService: leases for the callers' own work. One file per method; what they share is here.

internal import ChatEngine
internal import ChatStubs
internal import IOLoop

struct LockService: LockServiceMethods {
    let engine: ChatEngine
    let state: ServerState
    let metrics: ServerMetrics

    /// Zero means the server's default.
    static func timeToLive(milliseconds: UInt32) -> Duration? {
        milliseconds == 0 ? nil : .milliseconds(Int64(milliseconds))
    }

    /// Zero means not to wait.
    static func wait(milliseconds: UInt32) -> Duration? {
        milliseconds == 0 ? nil : .milliseconds(Int64(milliseconds))
    }

    /// What is left of a lease now; never more than the holder may rely on.
    static func expiresInMilliseconds(_ lease: LockLease) -> UInt64 {
        milliseconds(lease.validUntil - (IOLoop.current?.now ?? .now))
    }

    static func milliseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = max(.zero, duration).components
        return UInt64(seconds) * 1000 + UInt64(attoseconds / 1_000_000_000_000_000)
    }
}
