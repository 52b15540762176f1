// The callers of a crash run: turns that are repeated with their ids until they are answered, and locks that are held
// across restarts.

import ChatClient
import EngineConformance
import Synchronization

/// What all callers of one run share.
struct CallerContext: Sendable {
    /// Of one server, or of several replicas.
    let addresses: [String]
    let gate: ServerGate
    let ledger: Ledger
    /// Names the sessions that are in use now.
    let epoch: @Sendable () -> Int
    /// Told of every acknowledged turn, the moment it arrives.
    let acknowledged: @Sendable () -> Void
    /// True in a run whose store does lose things: what callers miss then is counted by the checker.
    let expectsLoss: Bool

    /// Attempts are the callers' own, so that they are counted, and quick, since the server is back at once.
    func client() throws -> ChatClient {
        var options = ChatClientOptions()
        options.attemptsMax = 1
        options.backOffMinimum = .milliseconds(1)
        options.backOffMaximum = .milliseconds(10)
        options.chatTimeout = .seconds(30)
        return try ChatClient(addresses: addresses, options: options)
    }

    /// The pause of a caller whose attempt failed while the server was up.
    static let pause = Duration.milliseconds(3)

    /// Repeats a call until it succeeds. `isFirst` is true for the first attempt.
    ///
    /// - Returns: nil when it failed in a way that repeating does not change; the ledger knows.
    func untilAnswered<R>(
        _ what: String, _ call: (_ isFirst: Bool) async throws(ChatClientError) -> R
    ) async -> R? {
        var isFirst = true
        while true {
            await gate.up()
            do throws(ChatClientError) {
                return try await call(isFirst)
            } catch {
                guard error.retryable else {
                    if !expectsLoss { ledger.report(.refused, "\(what): \(error)") }
                    return nil
                }
                isFirst = false
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}

/// One caller: a turn after the other, in one session at a time.
struct TurnCaller {
    let context: CallerContext
    let number: Int
    let sessionCount: Int
    var random: SeededGenerator

    /// Works until the gate is stopped, and finishes the turn that it has begun.
    mutating func run() async throws {
        let client = try context.client()
        var sequence = 0
        while !context.gate.isStopped {
            sequence += 1
            await turn(sequence, client)
        }
        await client.close()
    }

    private mutating func turn(_ sequence: Int, _ client: ChatClient) async {
        let session = "e\(context.epoch())-s\(number % sessionCount)"
        let id = "c\(number)-t\(sequence)"
        // Some fit on a page with others, some take pages of their own.
        let filler = String(repeating: "x", count: Int.random(in: 0..<4, using: &random) == 0 ? 5000 : 50)
        let request = ChatRequest(
            message: "session \(session) caller \(number) turn \(sequence) \(filler)", sessionID: session, turnID: id)
        context.ledger.begin(id, session: session, message: request.message)
        await ask(request, streams: Bool.random(using: &random), client)
        context.acknowledged()
        if Int.random(in: 0..<8, using: &random) == 0 {
            await ask(request, streams: Bool.random(using: &random), client)
        }
    }

    private func ask(_ request: ChatRequest, streams: Bool, _ client: ChatClient) async {
        let ledger = context.ledger
        let reply = await context.untilAnswered("turn \(request.turnID)") { _ throws(ChatClientError) in
            ledger.attempt(request.turnID)
            guard streams else {
                let reply = try await client.chat(request)
                return (text: reply.text, replayed: reply.replayed)
            }
            var text = ""
            var replayed = false
            for try await event in client.streamChat(request) {
                switch event {
                case .text(let piece): text += piece
                case .finished(let end): replayed = end.replayed
                default: break
                }
            }
            return (text, replayed)
        }
        if let reply { ledger.acknowledged(request.turnID, answer: reply.text, replayed: reply.replayed) }
    }
}

/// One holder of locks: it takes a lease, keeps it across a restart, finds it as it was, gives it back, and finds it
/// given back.
struct LockCaller {
    let context: CallerContext
    let number: Int
    /// Who holds which lock, as far as callers were told.
    let board: LockBoard
    /// A lock that others take, too, is not kept for long.
    let isShared: Bool

    static let timeToLive = Duration.seconds(300)

    func run() async throws {
        let client = try context.client()
        let key = isShared ? "shared" : "lock-\(number)"
        while !context.gate.isStopped { await hold(key, client) }
        await client.close()
    }

    private func hold(_ key: String, _ client: ChatClient) async {
        let token = LockToken()
        let asked = ContinuousClock.now
        guard let lease = await acquire(key, token, client) else { return }
        context.ledger.leased()
        if let finding = board.granted(key, to: number, fence: lease.fence), !context.expectsLoss {
            context.ledger.report(finding.kind, finding.what)
        }
        let given = ContinuousClock.now
        let starts = context.gate.starts
        if !isShared { await context.gate.up(starts: starts + 1) }
        await find(lease, asked: asked, given: given, client)
        if context.gate.starts > starts { context.ledger.keptLease() }
        await release(lease, client)
    }

    /// Nil when somebody else has it, or the call was refused.
    private func acquire(_ key: String, _ token: LockToken, _ client: ChatClient) async -> LockLease? {
        while !context.gate.isStopped {
            let lease = await context.untilAnswered("acquire \(key)") { _ throws(ChatClientError) -> LockLease? in
                do throws(ChatClientError) {
                    return try await client.acquireLock(
                        key, ttl: Self.timeToLive, wait: .milliseconds(200), ownerLabel: "caller-\(number)",
                        token: token)
                } catch {
                    if error.isNotAcquired { return nil }
                    throw error
                }
            }
            if let lease = lease ?? nil { return lease }
        }
        return nil
    }

    /// The lease is there, with its fence and what is left of its time.
    private func find(
        _ lease: LockLease, asked: ContinuousClock.Instant, given: ContinuousClock.Instant, _ client: ChatClient
    ) async {
        let before = ContinuousClock.now
        let found = await context.untilAnswered("inspect \(lease.key)") { _ throws(ChatClientError) in
            try await client.inspectLock(lease.key)
        }
        guard let found, !context.expectsLoss else { return }
        let key = lease.key
        guard found.held, found.fence == lease.fence else {
            context.ledger.report(.leaseLost, "\(key): fence \(lease.fence) given, found \(found)")
            return
        }
        // The wall clock may be set a little in between, and the server rounds.
        let left = Duration.milliseconds(Int64(found.expiresInMilliseconds))
        let slack = Duration.milliseconds(100)
        let most = Self.timeToLive - (before - given) + slack
        let least = Self.timeToLive - (ContinuousClock.now - asked) - slack
        if left > most || left < least {
            context.ledger.report(.leaseLost, "\(key): \(left) left, should be between \(least) and \(most)")
        }
        let renewed = await context.untilAnswered("renew \(key)") { _ throws(ChatClientError) in
            try await client.renewLock(key, token: lease.token, ttl: Self.timeToLive)
        }
        if let renewed, renewed.fence != lease.fence {
            context.ledger.report(.leaseLost, "\(key): renewed with fence \(renewed.fence) for \(lease.fence)")
        }
    }

    private func release(_ lease: LockLease, _ client: ChatClient) async {
        board.releasing(lease.key)
        let key = lease.key
        _ = await context.untilAnswered("release \(key)") { isFirst throws(ChatClientError) in
            do throws(ChatClientError) {
                try await client.releaseLock(key, token: lease.token)
            } catch {
                // The attempt before may have been carried out.
                guard error.isLost, !isFirst else { throw error }
            }
        }
        guard !isShared, !context.expectsLoss else { return }
        // Given back is given back, also after a restart.
        await context.gate.up(starts: context.gate.starts + number % 2)
        let found = await context.untilAnswered("inspect \(key)") { _ throws(ChatClientError) in
            try await client.inspectLock(key)
        }
        if let found, found.held { context.ledger.report(.releaseLost, "\(key): \(found)") }
    }
}

/// Which locks are held, by what callers were told: from the answer that grants one until its release is sent.
final class LockBoard: Sendable {
    private struct State {
        var holders: [String: Int] = [:]
        var fences: [String: UInt64] = [:]
    }
    private let state = Mutex(State())

    func granted(_ key: String, to caller: Int, fence: UInt64) -> Finding? {
        state.withLock { state in
            defer {
                state.holders[key] = caller
                state.fences[key] = max(fence, state.fences[key] ?? 0)
            }
            if let holder = state.holders[key] {
                return Finding(kind: .heldTwice, what: "\(key): by callers \(holder) and \(caller)")
            }
            if let last = state.fences[key], fence <= last {
                return Finding(kind: .fence, what: "\(key): \(fence) after \(last)")
            }
            return nil
        }
    }

    func releasing(_ key: String) { state.withLock { $0.holders[key] = nil } }
}
