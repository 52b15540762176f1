// What a caller does: takes a lock, reads a counter, works, writes it, and gives the lock back; now and then it renews,
// looks, forces, forgets, or asks again. It never looks at the clock before it writes: that is what fences are for.

import ChatClient
import ChatStubs
import EngineConformance
import Glibc
import IOLoop
import LockHistories
import ProtoMessages
import RPC
import Wire

struct LockCaller {
    private let runner: RunnerLine
    private let name: String
    private var random: SeededGenerator
    private let ttl: Duration
    private let prefix: String
    private let keys: Int
    private let client: ChatClient
    /// For releases that are sent once; nil where the library does it.
    private let wire: LockServiceClient?
    private var calls = 0
    private var tokens = 0

    /// A lease that is asked for.
    private struct Ticket {
        var key: String
        /// Known to others, unlike the token.
        var holder: String
        var token: LockToken
    }
    private enum Answer {
        case granted(LockLease)
        case refused(LockOperation.Seen)
        case unknown
    }

    /// A call on a server that is stopped ends after that long; nothing is known of it then.
    private static let callTimeout = Duration.milliseconds(1500)
    /// A connection to a server that is stopped is given up after twice that long.
    private static let pingInterval = Duration.milliseconds(500)
    private static let backOffMaximum = Duration.milliseconds(200)

    init(
        runner: RunnerLine, name: String, seed: UInt64, ttl: Duration, prefix: String, keys: Int,
        sendsReleasesOnce: Bool,
        servers: [String]
    ) throws {
        self.runner = runner
        self.name = name
        random = SeededGenerator(seed: seed)
        self.ttl = ttl
        self.prefix = prefix
        self.keys = keys
        var options = ChatClientOptions()
        // Each attempt is a call of its own in the history, so the library must not make several.
        options.attemptsMax = 1
        options.callTimeout = Self.callTimeout
        options.connectTimeout = Self.callTimeout
        options.pingInterval = Self.pingInterval
        options.pingTimeout = Self.pingInterval
        options.backOffMaximum = Self.backOffMaximum
        client = try ChatClient(addresses: servers, options: options)
        guard sendsReleasesOnce else {
            wire = nil
            return
        }
        var wireOptions = RPCClientOptions()
        wireOptions.attemptsMax = 1
        wireOptions.connectTimeout = Self.callTimeout
        wireOptions.pingInterval = Self.pingInterval
        wireOptions.pingTimeout = Self.pingInterval
        wireOptions.backOffMaximum = Self.backOffMaximum
        wire = LockServiceClient(
            channel: RPCClient(
                endpoints: servers.compactMap { Endpoint($0) }, options: wireOptions, on: try IOLoop(label: "wire")))
    }

    consuming func run() async throws {
        var caller = self
        while try caller.runner.goesOn() { try await caller.turn() }
        await caller.client.close()
    }

    // MARK: A turn

    private mutating func chance(_ part: Int, of whole: Int) -> Bool {
        Int.random(in: 0..<whole, using: &random) < part
    }

    private mutating func turn() async throws {
        tokens += 1
        let ticket = Ticket(
            key: "\(prefix)-\(Int.random(in: 0..<keys, using: &random))", holder: "\(name)-\(tokens)",
            token: LockToken())
        let wait: Duration = chance(2, of: 3) ? .milliseconds(Int.random(in: 1...300, using: &random)) : .zero
        var answer = try await acquire(ticket, wait: wait)
        if case .unknown = answer {
            // One of the three things that a caller can do: ask again, give up, or go away.
            switch Int.random(in: 0..<3, using: &random) {
            case 0: answer = try await acquire(ticket, wait: wait)
            case 1: try await release(ticket)
            default: break
            }
        }
        switch answer {
        case .granted(let lease): try await work(ticket, fence: lease.fence)
        case .refused(let other): try await stand(outside: ticket.key, held: other)
        case .unknown: break
        }
    }

    private mutating func stand(outside key: String, held other: LockOperation.Seen) async throws {
        if chance(1, of: 8) { try await inspect(key) }
        if chance(1, of: 200), let fence = other.fence { try await force(key, fence: fence) }
        try await Task.sleep(for: .milliseconds(Int.random(in: 1...40, using: &random)))
    }

    private mutating func work(_ ticket: Ticket, fence: UInt64) async throws {
        let values = try runner.read(ticket.key, fence: fence)
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...8, using: &random)))
        if chance(1, of: 200) {
            // Long work, renewed as the library does it.
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                try await Task.sleep(for: ttl / 3)
                try await renew(ticket)
            }
        } else if chance(1, of: 5) {
            try await renew(ticket)
        }
        if chance(1, of: 8) { try await inspect(ticket.key) }
        let next = CounterRegister.Values(fenced: values.fenced + 1, control: values.control + 1)
        _ = try runner.write(ticket.key, next, fence: fence)
        // Some leases end by themselves.
        if !chance(1, of: 400) { try await release(ticket) }
    }

    // MARK: Calls, written down

    private mutating func begin(_ key: String, _ request: LockOperation.Request) throws -> Int {
        calls += 1
        try runner.say(HistoryLine.text(.call(number: calls, key: key, calledAt: Self.now, request)))
        return calls
    }

    private func end(_ number: Int, _ outcome: LockOperation.Outcome) throws {
        try runner.say(HistoryLine.text(.answer(number: number, returnedAt: Self.now, outcome)))
    }

    /// An error that says neither `lost` nor `refused`: nothing happened, or nobody knows.
    private func end(_ number: Int, _ error: ChatClientError) throws {
        switch error.code {
        case .unavailable where error.reason == ChatClientError.Reason.notConnected || error.reason == "NOT_PROCESSED":
            try runner.say(HistoryLine.text(.withdrawn(number: number)))
        case .unavailable, .deadlineExceeded, .resourceExhausted, .cancelled: try end(number, .unknown)
        default:
            // Nothing that a correct caller is told.
            try runner.say("trouble \(error)")
            try end(number, .unknown)
        }
    }

    private mutating func acquire(_ ticket: Ticket, wait: Duration) async throws -> Answer {
        let number = try begin(ticket.key, .acquire(holder: ticket.holder))
        let askedAt = ContinuousClock.now
        do {
            let lease = try await client.acquireLock(
                ticket.key, ttl: ttl, wait: wait, ownerLabel: ticket.holder, token: ticket.token)
            try end(number, .granted(fence: lease.fence, validity: validity(lease, askedAt)))
            return .granted(lease)
        } catch let error as ChatClientError {
            if error.isNotAcquired {
                let seen = LockOperation.Seen(
                    fence: error.info["fence"].flatMap { UInt64($0) }, holder: error.info["owner_label"])
                try end(number, .refused(seen))
                return .refused(seen)
            }
            try end(number, error)
            return .unknown
        }
    }

    /// What the caller was told, never more than it asked for: the process may have been stopped between its look at
    /// the clock and the library's.
    private func validity(_ lease: LockLease, _ askedAt: ContinuousClock.Instant) -> Int64 {
        Int64(min(lease.expiresAt - askedAt, ttl) / .nanoseconds(1))
    }

    private mutating func renew(_ ticket: Ticket) async throws {
        let number = try begin(ticket.key, .renew(holder: ticket.holder))
        let askedAt = ContinuousClock.now
        do {
            let lease = try await client.renewLock(ticket.key, token: ticket.token, ttl: ttl)
            try end(number, .granted(fence: lease.fence, validity: validity(lease, askedAt)))
        } catch let error as ChatClientError {
            if error.isLost { try end(number, .lost) } else { try end(number, error) }
        }
    }

    private mutating func release(_ ticket: Ticket) async throws {
        let number = try begin(ticket.key, .release(holder: ticket.holder))
        do {
            if let wire {
                try await releaseOnce(ticket, wire)
                try end(number, .done)
            } else {
                try await client.releaseLock(ticket.key, token: ticket.token)
                try end(number, .doneOrLost)
            }
        } catch let error as ChatClientError {
            if error.isLost { try end(number, .lost) } else { try end(number, error) }
        }
    }

    private func releaseOnce(_ ticket: Ticket, _ wire: LockServiceClient) async throws(ChatClientError) {
        do throws(RPCError) {
            _ = try await wire.release(
                ReleaseLockRequest(key: ticket.key, token: ticket.token.text),
                options: CallOptions(timeout: Self.callTimeout))
        } catch {
            throw ChatClientError(
                ChatClientError.Code(rawValue: error.code.name) ?? .unknown, error.message, reason: error.reason)
        }
    }

    private mutating func inspect(_ key: String) async throws {
        let number = try begin(key, .inspect)
        do {
            let reply = try await client.inspectLock(key)
            let seen = LockOperation.Seen(fence: reply.fence, holder: reply.ownerLabel)
            try end(number, reply.held ? .held(seen) : .free)
        } catch let error as ChatClientError {
            try end(number, error)
        }
    }

    private mutating func force(_ key: String, fence: UInt64) async throws {
        let number = try begin(key, .force(fence: fence))
        do {
            try await client.forceReleaseLock(key, fence: fence)
            try end(number, .done)
        } catch let error as ChatClientError {
            if error.isLost { try end(number, .lost) } else { try end(number, error) }
        }
    }

    /// Nanoseconds of a clock that all processes of a machine share.
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
