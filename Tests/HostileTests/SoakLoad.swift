// The mixed load of the long run: lanes that each do one thing, at a rate of their own.

import ChatClient
import ConformancePeer
import Glibc
import ProgramSupport
import Synchronization
import Testing

/// Callers of every kind on one server.
final class SoakLoad: Sendable, CustomStringConvertible {
    private struct State {
        var counts: [String: Int] = [:]
        var failures: [String] = []
    }
    private let client: ChatClient
    private let server: RunningServer
    private let end: ContinuousClock.Instant
    private let state = Mutex(State())

    /// Failures that are kept in words.
    private static let failuresMax = 20
    /// A conversation is deleted after so many turns: the store keeps what is not deleted, which is no leak.
    private static let turnsPerSession = 12

    init(client: ChatClient, server: RunningServer, until end: ContinuousClock.Instant) {
        (self.client, self.server, self.end) = (client, server, end)
    }

    var failures: [String] { state.withLock { $0.failures } }

    var description: String {
        state.withLock { state in
            state.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
    }

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<4 { group.addTask { await self.lane("echoes", perSecond: 50, number, self.echo) } }
            for number in 0..<4 { group.addTask { await self.lane("chats", perSecond: 8, number, self.chat) } }
            for number in 0..<4 { group.addTask { await self.lane("streams", perSecond: 5, number, self.stream) } }
            for number in 0..<2 { group.addTask { await self.lane("cancels", perSecond: 4, number, self.cancel) } }
            for number in 0..<2 { group.addTask { await self.lane("hang-ups", perSecond: 3, number, self.hangUp) } }
            for number in 0..<3 { group.addTask { await self.lane("locks", perSecond: 5, number, self.lock) } }
            group.addTask { await self.lane("holds", perSecond: 1, 0, self.hold) }
            group.addTask { await self.lane("listings", perSecond: 4, 0, self.list) }
            for number in 0..<2 {
                group.addTask { await self.lane("reconnects", perSecond: 3, number, self.reconnect) }
            }
        }
    }

    /// Does one thing again and again, no faster than the rate, until the end.
    private func lane(
        _ name: String, perSecond rate: Int, _ number: Int,
        _ work: @Sendable (_ number: Int, _ round: Int) async throws -> Void
    ) async {
        var next = ContinuousClock.now
        var round = 0
        while ContinuousClock.now < end {
            do {
                try await work(number, round)
                state.withLock { $0.counts[name, default: 0] += 1 }
            } catch {
                state.withLock { state in
                    if state.failures.count < Self.failuresMax { state.failures.append("\(name): \(error)") }
                }
            }
            round += 1
            next = max(.now, next + .seconds(1) / rate)
            try? await Task.sleep(until: next, clock: .continuous)
        }
    }

    private func echo(_ number: Int, _ round: Int) async throws {
        let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: 64 << (round % 8))
        if try await client.echo(payload) != payload { throw Wrong("another echo") }
    }

    /// The conversation of a lane's round, and whether it ends with it.
    private func session(_ lane: String, _ number: Int, _ round: Int) -> (id: String, isLast: Bool) {
        ("\(lane)-\(number)-\(round / Self.turnsPerSession)", round % Self.turnsPerSession == Self.turnsPerSession - 1)
    }

    private func chat(_ number: Int, _ round: Int) async throws {
        let session = session("chat", number, round)
        let reply = try await client.chat("What is a fencing token?", sessionID: session.id)
        if !reply.text.hasSuffix("t29 ") { throw Wrong("a short answer") }
        if session.isLast { try await client.deleteSession(session.id) }
    }

    private func stream(_ number: Int, _ round: Int) async throws {
        let session = session("stream", number, round)
        var text = ""
        for try await event in client.streamChat("And a lease?", sessionID: session.id) {
            if case .text(let piece) = event { text += piece }
        }
        if !text.hasSuffix("t29 ") { throw Wrong("a short answer") }
        if session.isLast { try await client.deleteSession(session.id) }
    }

    /// Leaves a stream in its middle, which sends a CANCEL.
    private func cancel(_ number: Int, _ round: Int) async throws {
        let stream = client.streamChat("Go on", sessionID: "cancel-\(number)-\(round)")
        var pieces = 0
        for try await event in stream {
            if case .text = event { pieces += 1 }
            if pieces == 3 { break }
        }
    }

    private func hangUp(_ number: Int, _ round: Int) async throws {
        let caller = try CallerSocket(port: server.port)
        try caller.streamChat("Go on", session: "hang-up-\(number)-\(round)")
        if round % 2 == 0 { _ = try caller.frame() }
        try caller.hangUp(round % 4 < 2 ? .finish : .reset)
    }

    private func lock(_ number: Int, _ round: Int) async throws {
        try await client.withLock("lock-\(round % 5)", ttl: .seconds(2), wait: .seconds(5)) { _ in
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func hold(_ number: Int, _ round: Int) async throws {
        for try await event in client.holdLock("hold", ttl: .seconds(10)) {
            if case .renewed = event { break }
            if case .lost = event { throw Wrong("a lease was lost") }
        }
    }

    private func list(_ number: Int, _ round: Int) async throws {
        let page = try await client.listSessions(pageSize: 20)
        guard let session = page.sessions.first else { return }
        do {
            _ = try await client.listMessages(sessionID: session.id, pageSize: 5)
        } catch {
            // Another lane deleted it in between.
            guard error.code == .notFound else { throw error }
        }
    }

    /// Comes and goes: a client of its own, or a socket that leaves in the middle of a frame.
    private func reconnect(_ number: Int, _ round: Int) async throws {
        if round % 2 == 0 {
            let caller = try CallerSocket(port: server.port)
            try caller.send(
                Array(HandWritten.frame(id: 1, type: 0x01, [UInt8](repeating: 0, count: 5000)).prefix(4000)))
            return try caller.hangUp(round % 4 == 0 ? .finish : .reset)
        }
        let other = try ChatClient(addresses: [server.address])
        _ = try await other.echo([1])
        await other.close()
    }
}

/// An answer that is not what it should be.
private struct Wrong: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
