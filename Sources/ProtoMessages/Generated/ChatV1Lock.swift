// Generated from proto/chat/v1/lock.proto by proto/generate (proto/generator); never edited by hand.
// The messages as Swift values, for servers and clients.
// swift-format-ignore-file

/// Why a lease ended.
public enum LockLostReason: Sendable, Hashable {
    /// `LOCK_LOST_REASON_UNSPECIFIED`.
    case unspecified
    /// It could not be renewed in time.
    case expired
    /// An operator took it away.
    case forced
    /// Someone with the same token gave it back.
    case released
    /// The server is going away; it gave the lease back.
    case draining
    /// A value that this version does not know.
    case unrecognized(Int32)

    /// From the wire's number.
    public init(number: Int32) {
        switch number {
        case 0: self = .unspecified
        case 1: self = .expired
        case 2: self = .forced
        case 3: self = .released
        case 4: self = .draining
        default: self = .unrecognized(number)
        }
    }

    /// The wire's number.
    public var number: Int32 {
        switch self {
        case .unspecified: 0
        case .expired: 1
        case .forced: 2
        case .released: 3
        case .draining: 4
        case .unrecognized(let number): number
        }
    }

    /// Every value that this version knows.
    public static let known: [Self] = [.unspecified, .expired, .forced, .released, .draining]
}

/// What lease to take.
public struct AcquireLockRequest: Sendable, Equatable {
    /// What is locked: 1 to 256 bytes without control characters, spaces or braces.
    public var key: String = ""
    /// The holder's secret: 128 random bits as 32 lower-case hexadecimal digits, made by the caller.
    public var token: String = ""
    /// How long the lease lives without renewal, in milliseconds: 0 for 10,000; 100 to 3,600,000.
    public var ttlMilliseconds: UInt32 = 0
    /// How long to wait in line, in milliseconds; 0 not at all; at most 60,000.
    public var waitMilliseconds: UInt32 = 0
    /// Tells others who holds it, at most 128 bytes; not a secret.
    public var ownerLabel: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        key: String = "",
        token: String = "",
        ttlMilliseconds: UInt32 = 0,
        waitMilliseconds: UInt32 = 0,
        ownerLabel: String = ""
    ) {
        self.key = key
        self.token = token
        self.ttlMilliseconds = ttlMilliseconds
        self.waitMilliseconds = waitMilliseconds
        self.ownerLabel = ownerLabel
    }
}

/// A lease.
public struct AcquireLockReply: Sendable, Equatable {
    /// Greater than that of every lease on this key before.
    public var fence: UInt64 = 0
    /// How long the lease lives from the sending of this reply, in milliseconds.
    public var expiresInMilliseconds: UInt64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        fence: UInt64 = 0,
        expiresInMilliseconds: UInt64 = 0
    ) {
        self.fence = fence
        self.expiresInMilliseconds = expiresInMilliseconds
    }
}

/// Which lease to renew.
public struct RenewLockRequest: Sendable, Equatable {
    /// As in AcquireLockRequest.
    public var key: String = ""
    /// The token that the lease was taken with.
    public var token: String = ""
    /// As in AcquireLockRequest; need not be what it was.
    public var ttlMilliseconds: UInt32 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        key: String = "",
        token: String = "",
        ttlMilliseconds: UInt32 = 0
    ) {
        self.key = key
        self.token = token
        self.ttlMilliseconds = ttlMilliseconds
    }
}

/// The renewed lease.
public struct RenewLockReply: Sendable, Equatable {
    /// Unchanged by renewal.
    public var fence: UInt64 = 0
    /// As in AcquireLockReply.
    public var expiresInMilliseconds: UInt64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        fence: UInt64 = 0,
        expiresInMilliseconds: UInt64 = 0
    ) {
        self.fence = fence
        self.expiresInMilliseconds = expiresInMilliseconds
    }
}

/// Which lease to give back.
public struct ReleaseLockRequest: Sendable, Equatable {
    /// As in AcquireLockRequest.
    public var key: String = ""
    /// The token that the lease was taken with.
    public var token: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        key: String = "",
        token: String = ""
    ) {
        self.key = key
        self.token = token
    }
}

/// The lease is given back.
public struct ReleaseLockReply: Sendable, Equatable {
    /// Every field at its default.
    public init() {}
}

/// Which lock to look at.
public struct InspectLockRequest: Sendable, Equatable {
    /// As in AcquireLockRequest.
    public var key: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        key: String = ""
    ) {
        self.key = key
    }
}

/// A lock as it is now.
public struct InspectLockReply: Sendable, Equatable {
    /// True while someone holds it; all below but `waiters` is zero or empty otherwise.
    public var held: Bool = false
    /// The lease's fence.
    public var fence: UInt64 = 0
    /// As its holder gave it.
    public var ownerLabel: String = ""
    /// As in AcquireLockReply.
    public var expiresInMilliseconds: UInt64 = 0
    /// How many wait in line on this server.
    public var waiters: UInt32 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        held: Bool = false,
        fence: UInt64 = 0,
        ownerLabel: String = "",
        expiresInMilliseconds: UInt64 = 0,
        waiters: UInt32 = 0
    ) {
        self.held = held
        self.fence = fence
        self.ownerLabel = ownerLabel
        self.expiresInMilliseconds = expiresInMilliseconds
        self.waiters = waiters
    }
}

/// What lease to take and keep.
public struct HoldLockRequest: Sendable, Equatable {
    /// As in AcquireLockRequest.
    public var key: String = ""
    /// As in AcquireLockRequest.
    public var token: String = ""
    /// As in AcquireLockRequest. Renewed by the server at a third of it.
    public var ttlMilliseconds: UInt32 = 0
    /// As in AcquireLockRequest.
    public var waitMilliseconds: UInt32 = 0
    /// As in AcquireLockRequest.
    public var ownerLabel: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        key: String = "",
        token: String = "",
        ttlMilliseconds: UInt32 = 0,
        waitMilliseconds: UInt32 = 0,
        ownerLabel: String = ""
    ) {
        self.key = key
        self.token = token
        self.ttlMilliseconds = ttlMilliseconds
        self.waitMilliseconds = waitMilliseconds
        self.ownerLabel = ownerLabel
    }
}

/// What becomes of a lease that is kept.
public struct HoldLockEvent: Sendable, Equatable {
    /// What happened.
    public enum Event: Sendable, Equatable {
        /// The caller holds the lock. The first event.
        case granted(LockGranted)
        /// The lease was renewed.
        case renewed(LockRenewed)
        /// The caller does not hold the lock any more. The last event.
        case lost(LockLost)
    }

    /// What happened.
    public var event: Event? = nil

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        event: Event? = nil
    ) {
        self.event = event
    }
}

/// The lock is held.
public struct LockGranted: Sendable, Equatable {
    /// As in AcquireLockReply.
    public var fence: UInt64 = 0
    /// As in AcquireLockReply.
    public var expiresInMilliseconds: UInt64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        fence: UInt64 = 0,
        expiresInMilliseconds: UInt64 = 0
    ) {
        self.fence = fence
        self.expiresInMilliseconds = expiresInMilliseconds
    }
}

/// The lease was renewed.
public struct LockRenewed: Sendable, Equatable {
    /// As in AcquireLockReply.
    public var expiresInMilliseconds: UInt64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        expiresInMilliseconds: UInt64 = 0
    ) {
        self.expiresInMilliseconds = expiresInMilliseconds
    }
}

/// The lease ended.
public struct LockLost: Sendable, Equatable {
    /// Why.
    public var reason: LockLostReason = .unspecified

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        reason: LockLostReason = .unspecified
    ) {
        self.reason = reason
    }
}

/// Which lease to take away.
public struct ForceReleaseLockRequest: Sendable, Equatable {
    /// As in AcquireLockRequest.
    public var key: String = ""
    /// The fence that Inspect told; 0 is refused.
    public var fence: UInt64 = 0

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        key: String = "",
        fence: UInt64 = 0
    ) {
        self.key = key
        self.fence = fence
    }
}

/// The lease is taken away.
public struct ForceReleaseLockReply: Sendable, Equatable {
    /// Whose it was.
    public var ownerLabel: String = ""

    /// Every field at its default.
    public init() {}

    /// Fields that are left out keep their default.
    public init(
        ownerLabel: String = ""
    ) {
        self.ownerLabel = ownerLabel
    }
}

