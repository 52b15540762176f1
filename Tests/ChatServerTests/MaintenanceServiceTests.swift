// Backups and imports through a whole server in this process: what a backup leaves on the disk, that there is one at a
// time, that it ends with its caller, and what an import refuses.

import ChatClient
import Glibc
import IOLoop
import Logging
import Metrics
import Testing

@testable import ChatServer

@Suite("Maintenance service", .timeLimit(.minutes(1)))
struct MaintenanceServiceTests {
    /// A server on a database in a folder of its own.
    private func withServer(_ body: (Place, ChatClient) async throws -> Void) async throws {
        let place = try await Place()
        let client = try place.client()
        do {
            try await body(place, client)
        } catch {
            await client.close()
            await place.end()
            throw error
        }
        await client.close()
        await place.end()
    }

    private func failure(_ body: () async throws -> Void) async -> ChatClientError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? ChatClientError
        }
    }

    /// Eight messages of 500 KB: more than all buffers between server and client hold.
    private func fill(_ client: ChatClient) async throws {
        let text = String(repeating: "x", count: 500_000)
        for position in 1...8 {
            try await client.importMessages(
                ImportMessagesRequest(
                    sessionID: "large", firstPosition: UInt64(position),
                    messages: [ChatMessage(role: .assistant, text: text)]))
        }
    }

    @Test("one backup at a time, without a name on the disk, and its place is free when its caller leaves")
    func oneAtATime() async throws {
        try await withServer { place, client in
            try await fill(client)
            let other = try place.client()
            var first: BackupStream.Iterator? = client.backup().makeAsyncIterator()
            let chunk = try #require(try await first?.next())
            #expect(chunk.offset == 0 && chunk.totalBytes > 4_000_000 && chunk.data.count == 256 * 1024)
            // The file is open and has no name any more.
            #expect(!place.names.contains { $0.contains("unfinished") })
            let refused = await failure { for try await _ in other.backup() {} }
            #expect(refused?.code == .resourceExhausted)
            #expect(refused?.reason == ChatClientError.Reason.backupRunning)
            // Turns go on meanwhile.
            #expect(try await other.chat("hi", sessionID: "s").sessionID == "s")

            first = nil
            var byteCount = 0
            for _ in 0..<10_000 {
                byteCount = 0
                let error = await failure {
                    for try await chunk in other.backup() { byteCount += chunk.data.count }
                }
                if error == nil { break }
                try #require(error?.reason == ChatClientError.Reason.backupRunning)
            }
            #expect(byteCount > 4_000_000)
            await other.close()
        }
    }

    @Test("a backup whose file cannot be made says so, and the next one works")
    func folderInTheWay() async throws {
        try await withServer { place, client in
            let path = StoreCopy.path(beside: place.database)
            // Neither a file nor to be unlinked.
            try #require(mkdir(path, 0o700) == 0)
            let error = await failure { for try await _ in client.backup() {} }
            #expect(error?.code == .unavailable && error?.reason == "STORE_UNAVAILABLE")
            #expect(error?.message.contains(place.folder) == false)
            rmdir(path)
            #expect(await failure { for try await _ in client.backup() {} } == nil)
            #expect(!place.names.contains { $0.contains("unfinished") })
        }
    }

    @Test("many empty tool calls are listed in pages that a client can unpack")
    func toolCallPages() async throws {
        try await withServer { _, client in
            let calls = Array(repeating: MessageToolCall(id: "", name: "", arguments: ""), count: 128)
            let message = ChatMessage(role: .assistant, text: "", toolCalls: calls)
            for part in 0..<20 {
                try await client.importMessages(
                    ImportMessagesRequest(
                        sessionID: "s", firstPosition: UInt64(5 * part + 1),
                        messages: Array(repeating: message, count: 5)))
            }
            var count = 0
            for try await message in client.messages(sessionID: "s") { count += message.toolCalls.count }
            #expect(count == 100 * 128)
        }
    }

    @Test("imported tool calls are listed as they came, and what no message may have is refused")
    func imports() async throws {
        try await withServer { _, client in
            let call = MessageToolCall(id: "c1", name: "clock", arguments: #"{"zone": "UTC"}"#)
            let request = ImportMessagesRequest(
                sessionID: "s", firstPosition: 1,
                messages: [
                    ChatMessage(role: .user, text: "time?", turnID: "t", createdUnixMicroseconds: 5),
                    ChatMessage(role: .assistant, text: "", model: "m", toolCalls: [call]),
                    ChatMessage(role: .tool, text: "12:00", toolCallID: "c1"),
                ], userID: "u", title: "a title", labels: [Label(key: "k", value: "v")], createdUnixMicroseconds: 4)
            let reply = try await client.importMessages(request)
            #expect(reply == ImportMessagesReply(addedMessages: 3, messageCount: 3))
            var expected = request.messages
            for index in expected.indices { expected[index].position = UInt64(index + 1) }
            #expect(try await client.listMessages(sessionID: "s").messages == expected)
            let session = try await client.session("s")
            #expect(session.userID == "u" && session.title == "a title" && session.labels == request.labels)
            #expect(session.createdUnixMicroseconds == 4)

            let changes: [(String, (inout ImportMessagesRequest) -> Void)] = [
                ("ROLE", { $0.messages[0].role = .unspecified }), ("FIRST_POSITION", { $0.firstPosition = 0 }),
                ("FIRST_POSITION", { $0.firstPosition = .max }), ("LABELS", { $0.labels += $0.labels }),
                ("IMPORT_CONFLICT", { $0.messages[2].text = "13:00" }),
                ("IMPORT_CONFLICT", { $0.firstPosition = 5 }), ("MESSAGES", { $0.messages = [] }),
            ]
            for (reason, change) in changes {
                var changed = request
                change(&changed)
                let sent = changed
                let error = await failure { try await client.importMessages(sent) }
                #expect(error?.reason == reason)
                let code = reason == "IMPORT_CONFLICT" ? ChatClientError.Code.failedPrecondition : .invalidArgument
                #expect(error?.code == code)
            }
            #expect(try await client.listMessages(sessionID: "s").messages == expected)
        }
    }
}

/// A folder with a database, and a server on it.
private struct Place {
    let folder: String
    let server: RunningServer

    var database: String { folder + "/chat.db" }

    init() async throws {
        var template = Array("/tmp/chat-maintenance-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        var configuration = ServerConfiguration(model: "offline")
        configuration.store = .sqlite(path: folder + "/chat.db")
        configuration.listen = [ListenAddress(.host("127.0.0.1", port: 0))]
        server = try await RunningServer.start(
            configuration, metrics: ServerMetrics(factory: NOOPMetricsHandler.instance),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func client() throws -> ChatClient { try ChatClient(addresses: [server.addresses[0].description]) }

    /// What is in the folder.
    var names: [String] {
        guard let folder = opendir(folder) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Ends the server and removes the folder.
    func end() async {
        await server.abort()
        for name in names { unlink(folder + "/" + name) }
        rmdir(folder)
    }
}
