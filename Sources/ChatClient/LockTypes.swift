// What a caller has of a lock: the token that it is taken with, and the lease that it gives.

internal import Synchronization

/// The secret that a lock is taken, renewed and given back with: 128 random bits. Taking a lock again with the same
/// token gives the same lease, so a call whose answer was lost can be repeated.
public struct LockToken: Sendable, Hashable, CustomStringConvertible {
    /// 32 lower-case hexadecimal digits. A secret: whoever has it holds the lock.
    public let text: String

    /// A new token.
    public init() { text = RandomIdentifier.make() }

    /// A token from its text, for a program that continues another's lease; nil when it is none.
    public init?(_ text: String) {
        let isDigit = { (byte: UInt8) in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
        guard text.utf8.count == 32, text.utf8.allSatisfy(isDigit) else { return nil }
        self.text = text
    }

    /// Says nothing, so that tokens do not end up in logs.
    public var description: String { "LockToken" }
}

/// A lease on a key.
public struct LockLease: Sendable, Equatable {
    /// What is locked.
    public let key: String
    /// What to renew and release it with.
    public let token: LockToken
    /// Greater than that of every lease on this key before. Whoever writes under the lock checks it in the same
    /// operation.
    public let fence: UInt64
    /// When the lease ends unless it is renewed, by this machine's clock; early rather than late.
    public let expiresAt: ContinuousClock.Instant
}

/// A lock while ``ChatClient/withLock(_:ttl:wait:ownerLabel:options:_:)`` holds it. Renewed in the background.
public final class HeldLock: Sendable {
    /// What is locked.
    public let key: String
    /// Greater than that of every lease on this key before. Whoever writes under the lock checks it in the same
    /// operation: a lease alone does not keep out a holder that was paused.
    public let fence: UInt64
    let token: LockToken
    private let end: Mutex<ContinuousClock.Instant>

    init(_ lease: LockLease) {
        key = lease.key
        fence = lease.fence
        token = lease.token
        end = Mutex(lease.expiresAt)
    }

    /// When the lease ends unless it is renewed again.
    public var expiresAt: ContinuousClock.Instant { end.withLock { $0 } }

    /// False once the lease has ended by this machine's clock or was lost or given back. Worth a look before each step
    /// that others would see.
    public var isHeld: Bool { .now < expiresAt }

    func renewed(until instant: ContinuousClock.Instant) { end.withLock { $0 = max($0, instant) } }

    /// Given back, or lost.
    func ended() { end.withLock { $0 = min($0, .now) } }
}
