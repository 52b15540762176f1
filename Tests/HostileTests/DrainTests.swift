// A client of two servers while one after the other is told to go and comes back: no caller sees a failure.

import ChatClient
import FakeModel
import Glibc
import ProgramSupport
import Synchronization
import Testing

extension Hostile {
    @Suite("Servers that go while they are busy")
    struct DrainTests {
        @Test("nobody sees a failed call while one server after the other is restarted under load")
        func rollingRestart() async throws {
            // Answers that take about half a second: those that are under way when a server is told to go outlast it.
            let script = FakeModelScript.answer(tokens: 20, interval: .milliseconds(25))
            try await ModelHost.with([script]) { host in
                let servers = try await [Restartable.start(host), Restartable.start(host)]
                defer { for server in servers { server.kill() } }
                let client = try ChatClient(addresses: servers.map(\.address))
                let load = DrainLoad(client: client)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<DrainLoad.callers { group.addTask { await load.work(number) } }
                    for restart in 0..<Hostile.size(short: 6, full: 40) {
                        try await load.isBusy(restart)
                        try await servers[restart % 2].restart()
                    }
                    load.stop()
                    try await group.waitForAll()
                }
                await client.close()
                Hostile.show("drain under load: \(load)")
                #expect(load.failures == [])
            }
        }
    }
}

/// A chatd that is told to go and started again at the same address.
private final class Restartable: Sendable {
    let address: String
    private let model: String
    private let program: Mutex<ChildProgram>

    private init(_ server: RunningServer, model: String) {
        address = server.address
        self.model = model
        program = Mutex(server.program)
    }

    private static let flags = Hostile.flags + ["--diagnostics"]

    static func start(_ host: ModelHost) async throws -> Restartable {
        Restartable(try await RunningServer.start(model: host.specification, flags), model: host.specification)
    }

    /// Returns when the new one listens.
    func restart() async throws {
        let old = program.withLock { $0 }
        old.signal(SIGTERM)
        let end = try await old.end()
        #expect(end.status == 0)
        #expect(!end.errors.contains("grace"), "\(end.errors)")
        let server = try await RunningServer.start(model: model, Self.flags, listen: address)
        program.withLock { $0 = server.program }
    }

    func kill() { program.withLock { $0 }.signal(SIGKILL) }
}

/// Callers that share one client and ask without a pause, so that all of them always have a call under way.
private final class DrainLoad: Sendable, CustomStringConvertible {
    static let callers = 200
    /// So many calls must have ended between two restarts.
    private static let callsBetweenRestarts = 600

    private struct State {
        var isStopped = false
        var ended = 0
        var counts: [String: Int] = [:]
        var failures: [String] = []
        var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }
    private let client: ChatClient
    private let state = Mutex(State())

    init(client: ChatClient) { self.client = client }

    var failures: [String] { state.withLock { $0.failures } }

    var description: String {
        state.withLock { state in
            let counts = state.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            return "\(counts.joined(separator: ", ")); \(state.failures.count) failed"
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    /// Returns when the calls since the restart before show that load is there again.
    func isBusy(_ restart: Int) async throws {
        await withCheckedContinuation { continuation in
            let isMet = state.withLock { state in
                let count = state.ended + Self.callsBetweenRestarts
                if state.isStopped { return true }
                state.waiter = (count, continuation)
                return false
            }
            if isMet { continuation.resume() }
        }
    }

    private func note(_ what: String, _ failure: ChatClientError?) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.ended += 1
            state.counts[what, default: 0] += 1
            if let failure { state.failures.append("\(what): \(failure)") }
            guard let waiter = state.waiter, state.ended >= waiter.count else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    /// One caller: each does one kind of thing.
    func work(_ number: Int) async {
        var round = 0
        while !state.withLock({ $0.isStopped }) {
            round += 1
            do throws(ChatClientError) {
                switch number % 8 {
                case 0...2: try await chat(number, round)
                case 3...5: try await stream(number, round)
                case 6: try await echo()
                default: try await hold(number)
                }
            } catch {
                note("calls", error)
            }
        }
    }

    private func chat(_ number: Int, _ round: Int) async throws(ChatClientError) {
        let reply = try await client.chat("question", sessionID: "c\(number)-\(round)")
        if !reply.text.hasSuffix("t19 ") { throw ChatClientError(.dataLoss, "a short answer") }
        note("chats", nil)
    }

    private func stream(_ number: Int, _ round: Int) async throws(ChatClientError) {
        var text = ""
        for try await event in client.streamChat("question", sessionID: "s\(number)-\(round)") {
            if case .text(let piece) = event { text += piece }
        }
        if !text.hasSuffix("t19 ") { throw ChatClientError(.dataLoss, "a short answer") }
        note("streams", nil)
    }

    private func echo() async throws(ChatClientError) {
        _ = try await client.echo([1, 2, 3])
        note("echoes", nil)
        // Below all others' rate, which are to be the most of the load.
        try? await Task.sleep(for: .milliseconds(20))
    }

    /// Holds a lock until the server gives it back, or for a while.
    private func hold(_ number: Int) async throws(ChatClientError) {
        let end = ContinuousClock.now + .seconds(1)
        for try await event in client.holdLock("lock-\(number)", ttl: .milliseconds(600), wait: .seconds(1)) {
            if case .lost(let lost) = event {
                if lost.reason != .draining { throw ChatClientError(.aborted, "a lease was lost: \(lost.reason)") }
                return note("leases given back", nil)
            }
            if ContinuousClock.now > end { break }
        }
        note("holds", nil)
    }
}
