// What the disk is asked for, and what callers are told when it fails: a sync stands before every answer, turns that
// come together share one, and a disk that is full or broken costs nothing that was acknowledged.

import ChatClient
import EngineConformance
import Glibc
import Synchronization
import Testing

extension Killed {
    @Suite("and the disk")
    struct DiskTests {
        private func client(_ server: CrashServer) throws -> ChatClient {
            var options = ChatClientOptions()
            options.attemptsMax = 1
            return try ChatClient(addresses: [server.address], options: options)
        }

        @Test("what a turn stores is synced before its answer leaves, and turns that come together share a sync")
        func syncBeforeAnswer() async throws {
            let (callers, turns) = (16, 6)
            try await CrashModel.with(seed: 1) { model in
                let server = try await CrashServer(
                    model: model.baseURL,
                    variables: ["POWERLOSS_REPLIES": "1", "POWERLOSS_SYNC_MICROSECONDS": "3000"])
                defer { server.killLeftover() }
                try await server.startWell()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for caller in 0..<callers {
                        group.addTask {
                            let client = try client(server)
                            for turn in 0..<turns {
                                let marker = Self.marker(caller * turns + turn)
                                let reply = try await client.chat(marker, sessionID: "s\(caller)")
                                #expect(reply.text.contains(marker))
                            }
                            await client.close()
                        }
                    }
                    try await group.waitForAll()
                }
                server.signal(SIGTERM)
                #expect(try await server.end().status == 0)
                let log = try WriteLog(path: server.cut.log)
                let check = SyncCheck(log, markers: (0..<callers * turns).map(Self.marker))
                #expect(check.answered == callers * turns)
                #expect(check.early == [], "answers that left before their turn was synced")
                #expect(check.commits > 0 && check.commits < callers * turns, "\(check.commits) commits")
                #expect(check.syncs >= check.commits)
            }
        }

        private static func marker(_ number: Int) -> String { "<marker \(number)>" }

        @Test(
            "a failing disk is told as UNAVAILABLE, and all goes on when it works again",
            arguments: [
                "full", "write", "sync",
            ])
        func fails(fault: String) async throws {
            try await CrashModel.with(seed: 2) { model in
                let server = try await CrashServer(model: model.baseURL)
                defer { server.killLeftover() }
                try await server.startWell()
                let client = try client(server)
                let first = try await client.chat("first", sessionID: "s")
                let lock = try await client.acquireLock("kept", ttl: .seconds(300))

                try server.fail(fault)
                let request = ChatRequest(message: "second", sessionID: "s", turnID: "turn-2")
                for _ in 0..<3 {
                    let error = await #expect(throws: ChatClientError.self) { _ = try await client.chat(request) }
                    #expect(error?.code == .unavailable && error?.retryable == true, "\(String(describing: error))")
                }
                let refused = await #expect(throws: ChatClientError.self) {
                    _ = try await client.acquireLock("new", ttl: .seconds(300))
                }
                #expect(refused?.code == .unavailable)
                #expect(try await texts(client) == ["first", first.text], "what was stored can be read")

                try server.fail(nil)
                let second = try await client.chat(request)
                #expect(try await client.inspectLock("kept").fence == lock.fence)
                _ = try await client.acquireLock("new", ttl: .seconds(300))
                #expect(try await texts(client) == ["first", first.text, "second", second.text])
                #expect(server.output.contains("the store cannot store"))

                // And so it is on the disk.
                server.signal(SIGKILL)
                try await server.end()
                var random = SeededGenerator(seed: 3)
                _ = try server.cut.apply(.dropsAll, using: &random)
                try await server.startWell()
                #expect(try await texts(client) == ["first", first.text, "second", second.text])
                #expect(try await client.inspectLock("kept").fence == lock.fence)
                await client.close()
                server.signal(SIGTERM)
                let end = try await server.end()
                #expect(end.status == 0, "\(end)")
            }
        }

        private func texts(_ client: ChatClient) async throws -> [String] {
            var texts: [String] = []
            for try await message in client.messages(sessionID: "s") { texts.append(message.text) }
            return texts
        }
    }
}

/// Reads in a log of writes, syncs and replies whether an answer left before its turn was durable.
private struct SyncCheck {
    /// Markers of turns whose answers left too early.
    var early: [String] = []
    var answered = 0
    var commits = 0
    var syncs = 0

    init(_ log: WriteLog, markers: [String]) {
        var written: Set<String> = []
        var durable: Set<String> = []
        var waiting = Set(markers)
        for record in log.records {
            switch record.kind {
            case .write where record.file == .wal:
                let text = String(decoding: record.newBytes, as: UTF8.self)
                for marker in markers where !durable.contains(marker) && text.contains(marker) {
                    written.insert(marker)
                }
                if Self.isCommit(record) { commits += 1 }
            case .sync where record.file == .wal:
                syncs += 1
                durable.formUnion(written)
            case .reply:
                let text = String(decoding: record.newBytes, as: UTF8.self)
                for marker in waiting where text.contains(marker) {
                    waiting.remove(marker)
                    answered += 1
                    if !durable.contains(marker) { early.append(marker) }
                }
            default: break
            }
        }
    }

    /// The head of a frame that ends a transaction tells the database's size, which others leave 0.
    private static func isCommit(_ record: WriteLog.Record) -> Bool {
        let headBytes = 24
        return record.newBytes.count == headBytes && record.newBytes.dropFirst(4).prefix(4).contains { $0 != 0 }
    }
}
