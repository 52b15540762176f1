// Backups and imports through the client library: a backup that is not whole is an error, an import may be repeated.

import ChatClient
import RPC
import Synchronization
import Testing
import Wire

@Suite("Backups and imports")
struct MaintenanceTests {
    private static let pieces: [[UInt8]] = [Array("SQLite ".utf8), Array("format 3".utf8), [0, 1, 255]]
    private static let byteCount: UInt64 = 18
    /// CRC-32 of the pieces, as zlib computes it.
    private static let crc: UInt32 = 0x363E_0376

    private static var whole: [BackupEvent] {
        var offset = 0
        var events: [BackupEvent] = []
        for piece in pieces {
            events.append(
                BackupEvent(event: .chunk(BackupChunk(offset: UInt64(offset), data: piece, totalBytes: byteCount))))
            offset += piece.count
        }
        return events + [BackupEvent(event: .finished(BackupFinished(totalBytes: byteCount, crc32: crc)))]
    }

    private func backup(_ events: [BackupEvent]) async throws -> (bytes: [UInt8], error: ChatClientError?) {
        let server = try await TestServer()
        server.script.state.withLock { $0.backupEvents = events }
        let client = try server.client()
        var bytes: [UInt8] = []
        let error = await failure {
            for try await chunk in client.backup() { bytes += chunk.data }
        }
        await client.close()
        await server.stop()
        return (bytes, error)
    }

    @Test("a whole backup comes as it was sent, without events that are not known")
    func whole() async throws {
        var events = Self.whole
        events.insert(BackupEvent(), at: 1)
        let (bytes, error) = try await backup(events)
        #expect(error == nil)
        #expect(bytes == Self.pieces.flatMap { $0 })
    }

    @Test("a backup without its end, with a gap or with a changed byte is no backup")
    func damaged() async throws {
        var (cut, gap, changed, longer) = (Self.whole, Self.whole, Self.whole, Self.whole)
        cut.removeLast()
        gap.remove(at: 1)
        changed[2] = BackupEvent(event: .chunk(BackupChunk(offset: 15, data: [0, 1, 254], totalBytes: 18)))
        longer[3] = BackupEvent(event: .finished(BackupFinished(totalBytes: 19, crc32: Self.crc)))
        let after = Self.whole + [Self.whole[0]]
        for events in [cut, gap, changed, longer, after, []] {
            let (_, error) = try await backup(events)
            #expect(error?.code == .dataLoss && error?.reason == ChatClientError.Reason.eventsLost)
        }
    }

    @Test("imports are sent again where their answer was lost, and a conflict is told")
    func sentAgain() async throws {
        let server = try await TestServer()
        let client = try server.client()
        let request = ImportMessagesRequest(
            sessionID: "s", firstPosition: 3, messages: [ChatMessage(role: .user, text: "hi")])
        server.script.state.withLock {
            $0.errors = [
                RPCError(.unavailable, "not now"), RPCError(.failedPrecondition, "no", reason: "IMPORT_CONFLICT"),
            ]
        }
        let conflict = await failure { try await client.importMessages(request) }
        #expect(conflict?.reason == ChatClientError.Reason.importConflict)
        #expect(try await client.importMessages(request).addedMessages == 1)
        #expect(server.script.read { $0.imports.count } == 3)
        #expect(server.script.read { $0.imports.last } == request)
        await client.close()
        await server.stop()
    }
}
