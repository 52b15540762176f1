// Sessions, the server's own calls, and how a client comes and goes, through the client library.

import ChatClient
import RPC
import Testing

@Suite("ChatClient: sessions and server", .timeLimit(.minutes(1)))
struct SessionTests {
    @Test("reads all sessions page by page", arguments: [1, 3, 7, 50])
    func sessions(pageSize: Int) async throws {
        let server = try await TestServer()
        let client = try server.client()
        var ids: [String] = []
        for try await session in client.sessions(pageSize: pageSize) { ids.append(session.id) }
        #expect(ids == (0..<TestSessions.count).map { "s\($0)" })
        let page = try await client.listSessions(pageToken: "2", pageSize: 2)
        #expect(page.sessions.map(\.id) == ["s2", "s3"])
        #expect(page.nextPageToken == "4")
        await client.close()
        await server.stop()
    }

    @Test("does not follow a list that leads nowhere")
    func endlessPages() async throws {
        let server = try await TestServer()
        let client = try server.client()
        var count = 0
        let error = await failure { for try await _ in client.messages(sessionID: "s") { count += 1 } }
        #expect(error?.code == .internalError)
        #expect(count < 3)
        await client.close()
        await server.stop()
    }

    @Test("changes and deletes sessions")
    func changes() async throws {
        let server = try await TestServer()
        let client = try server.client()
        let renamed = try await client.updateSession("s1", title: "New", labels: ["b": "2", "a": "1"])
        #expect(renamed.title == "New")
        #expect(renamed.labels.map(\.key) == ["a", "b"])
        #expect(try await client.updateSession("s1").title == "unchanged")
        #expect(try await client.deleteSession("s1"))
        #expect(try await !client.deleteSession("s2"))
        #expect(await failure { try await client.session("s9") }?.code == .notFound)
        await client.close()
        await server.stop()
    }

    @Test("echoes, many at a time")
    func echo() async throws {
        let server = try await TestServer()
        let client = try server.client()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: index * 10)
                    let reply = try await client.echo(bytes)
                    #expect(reply == bytes)
                }
            }
            try await group.waitForAll()
        }
        await client.close()
        await server.stop()
    }

    @Test("says that a server does not know a method")
    func unimplemented() async throws {
        let server = try await TestServer()
        let client = try server.client()
        #expect(await failure { try await client.serverInfo() }?.code == .unimplemented)
        await client.close()
        await server.stop()
    }

    @Test("survives a server that drains and comes back elsewhere")
    func drains() async throws {
        let first = try await TestServer()
        let second = try await TestServer()
        var options = ChatClientOptions()
        options.backOffMinimum = .milliseconds(2)
        let client = try await ChatClient.connect(to: [first.address, second.address], options: options)
        let calls = Task {
            for index in 0..<2000 { _ = try await client.echo([UInt8(truncatingIfNeeded: index)]) }
        }
        try await first.script.until { $0.metadata.count >= 50 }
        let isClean = await first.server.drain(until: .now + .seconds(20))
        #expect(isClean)
        try await calls.value
        #expect(second.script.read { $0.metadata.count } > 0)
        await client.close()
        await second.stop()
    }

    @Test("reads addresses as people write them, and refuses what is none")
    func addresses() async throws {
        for address in ["127.0.0.1:1", "localhost", "[::1]:2", "unix:/run/x.sock"] {
            await (try ChatClient(addresses: [address])).close()
        }
        for addresses in [[], [""], ["a:b:c"], ["host:99999"]] {
            let error = await failure { try ChatClient(addresses: addresses) }
            #expect(error?.reason == ChatClientError.Reason.badAddress)
        }
    }

    @Test("a scope connects, and closes its client when it ends")
    func scope() async throws {
        let server = try await TestServer()
        let (kept, bytes) = try await withChatClient(to: [server.address]) { client in
            (client, try await client.echo([1]))
        }
        #expect(bytes == [1])
        #expect(await failure { try await kept.echo([1]) }?.reason == ChatClientError.Reason.clientClosed)
        await server.stop()
        var options = ChatClientOptions()
        options.attemptsMax = 1
        let error = await failure {
            try await withChatClient(to: [server.address], options: options) { _ in Issue.record("there is no server") }
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains(server.address) == true)
    }
}
