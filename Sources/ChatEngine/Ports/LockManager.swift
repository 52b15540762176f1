// The port to locks: leases with a token to renew and release, and a fencing number that only grows.
//
// A lease alone is not mutual exclusion: whoever writes under a lock checks its token or its fence in the same
// operation.

/// What a lock protects. Kinds never meet, so that no caller's lock name can block a conversation.
public struct LockKey: Sendable, Hashable {
    /// Who uses the lock.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Held by a turn on its session; `name` is the session's id.
        case session
        /// Held by callers of the lock service; `name` is theirs.
        case service
    }

    public var kind: Kind
    /// The caller's identity. Equal names of different owners are different locks.
    public var owner: String
    public var name: String

    /// A key. The engine has checked the name against its rules before a lock manager sees it.
    public init(_ kind: Kind, owner: String, name: String) {
        self.kind = kind
        self.owner = owner
        self.name = name
    }
}

/// The holder's secret, made by whoever acquires: it renews, releases, and makes a repeated acquire return the same
/// lease.
public struct LockToken: Sendable, Hashable, CustomStringConvertible {
    /// The secret itself; never logged.
    public let value: String

    /// A token that a caller made.
    public init(_ value: String) { self.value = value }

    /// A new token of 128 random bits.
    public static func random() -> LockToken { LockToken(Identifier.randomHexadecimal()) }

    /// Never the secret.
    public var description: String { "LockToken" }
}

/// What to lock, for how long, and how long to stand in line for it.
public struct LockRequest: Sendable {
    public var key: LockKey
    public var token: LockToken
    /// How long the lease lasts without a renewal.
    public var timeToLive: Duration
    /// Until when to stand in line; nil to be refused at once.
    public var waitDeadline: ContinuousClock.Instant?
    /// Who holds it, for `inspect`; shown to others.
    public var ownerLabel: String

    /// A request; see the properties.
    public init(
        key: LockKey, token: LockToken, timeToLive: Duration, waitDeadline: ContinuousClock.Instant? = nil,
        ownerLabel: String = ""
    ) {
        self.key = key
        self.token = token
        self.timeToLive = timeToLive
        self.waitDeadline = waitDeadline
        self.ownerLabel = ownerLabel
    }
}

/// A lock that is held.
public struct LockLease: Sendable, Equatable {
    public var key: LockKey
    public var token: LockToken
    /// Greater than that of every lease of this key before it.
    public var fence: UInt64
    public var timeToLive: Duration
    /// When to stop relying on it, by this process's clock: counted from before the request was sent.
    public var validUntil: ContinuousClock.Instant
    /// How many times its token had acquired it when this was told: tells a call from its repetition. 0 where the
    /// manager does not count.
    public var claim: UInt64

    /// A lease; made by lock managers.
    public init(
        key: LockKey, token: LockToken, fence: UInt64, timeToLive: Duration, validUntil: ContinuousClock.Instant,
        claim: UInt64 = 0
    ) {
        self.key = key
        self.token = token
        self.fence = fence
        self.timeToLive = timeToLive
        self.validUntil = validUntil
        self.claim = claim
    }
}

/// What anybody may know about a lock. Holds no token.
public struct LockStatus: Sendable, Equatable {
    /// The present lease's fence, which `forceRelease` wants.
    public var fence: UInt64
    public var ownerLabel: String
    /// When it was granted, in microseconds since 1970.
    public var acquiredAtMicroseconds: Int64
    /// What is left of the lease.
    public var remaining: Duration
    /// How many stand in line in this process.
    public var waiters: Int

    /// A status; made by lock managers.
    public init(
        fence: UInt64, ownerLabel: String, acquiredAtMicroseconds: Int64, remaining: Duration, waiters: Int
    ) {
        self.fence = fence
        self.ownerLabel = ownerLabel
        self.acquiredAtMicroseconds = acquiredAtMicroseconds
        self.remaining = remaining
        self.waiters = waiters
    }
}

/// Why a lease ended before it was released.
public enum LockLoss: String, Sendable, Hashable, CaseIterable {
    /// Its time passed without a renewal.
    case expired
    /// Somebody forced it.
    case forced
    /// Somebody else who knows the token released it.
    case released
    /// The lock service did not answer until the lease must be taken for expired.
    case unreachable
}

/// What becomes of a lease that is kept.
public enum LeaseEvent: Sendable, Equatable {
    case renewed(LockLease)
    case lost(LockLoss)
}

/// Keeps a lease renewed until it is stopped or lost.
public protocol LeaseKeeper: Sendable {
    /// Ends renewing and observing. Does not release. A loss that is being reported on another thread at this moment
    /// may still arrive. Harmless when repeated.
    func stop()
}

/// Distributed or in-process locks. Every method may be called from any loop.
///
/// A method that reaches out has a time limit of its own, and throws `EngineError` of kind `unavailable` when nothing
/// was sent and `outcomeUnknown` when the answer never came.
public protocol LockManager: Sendable {
    /// Takes the lock, or stands in line for it in arrival order until `waitDeadline`.
    ///
    /// Repeated with the token that holds it, it returns the same lease with the same fence, renewed. A call that
    /// is cancelled leaves the line; one that is cancelled at the moment of its grant may still return the lease, and
    /// one whose answer was lost may hold it, so callers that give up release the token.
    ///
    /// - Throws: `EngineError` of kind `lockNotAcquired` when refused or the wait was over, `resourceExhausted` when
    /// the
    ///   line or the table is full; `CancellationError`.
    func acquire(_ request: LockRequest) async throws -> LockLease

    /// Makes the lease last `timeToLive` from now. A lease that expired is lost even where nobody took the lock since.
    ///
    /// - Throws: `EngineError` of kind `lockLost` when the token does not hold the lock.
    func renew(_ key: LockKey, token: LockToken, timeToLive: Duration) async throws -> LockLease

    /// Gives the lock back and wakes the next in line. Not stopped by its task's cancellation.
    ///
    /// - Returns: false when the token did not hold the lock, so that nothing was done.
    @discardableResult
    func release(_ key: LockKey, token: LockToken) async throws -> Bool

    /// Gives a lease back unless its token acquired it again since: a caller that lost its connection and called again
    /// must not lose the lock to the end of its first call. Otherwise as the other `release`.
    @discardableResult
    func release(_ lease: LockLease) async throws -> Bool

    /// The present holder without its token, or nil when the lock is free.
    func inspect(_ key: LockKey) async throws -> LockStatus?

    /// Takes the lock away from the lease with this fence, and never from a later one.
    ///
    /// - Returns: the lease as it was, or nil when that lease does not hold the lock.
    func forceRelease(_ key: LockKey, fence: UInt64) async throws -> LockStatus?

    /// Renews a lease about three times per `timeToLive` until it is stopped, surviving failures as long as the lease
    /// lasts. Calls `onEvent` from any thread: `renewed` after each renewal, and `lost` at most once, as the last
    /// event, as soon as the lease is known to be lost.
    ///
    /// Needs no task, since a turn's task is busy with the model meanwhile: an implementation uses timers and its own
    /// I/O.
    func keepAlive(_ lease: LockLease, onEvent: @escaping @Sendable (LeaseEvent) -> Void) -> any LeaseKeeper
}

extension LockManager {
    /// Gives the lock back, whichever call of its token acquired it.
    @discardableResult
    public func release(_ lease: LockLease) async throws -> Bool { try await release(lease.key, token: lease.token) }
}
