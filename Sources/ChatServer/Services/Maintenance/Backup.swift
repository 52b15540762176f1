// MaintenanceService/Backup: the store is copied to a file beside it, and the file is sent.

internal import ChatEngine
internal import IOLoop
internal import ProtoMessages
internal import RPC
internal import Wire

extension MaintenanceService {
    func backup(_ request: BackupRequest, events: ResponseStream<BackupEvent>, context: CallContext) async throws {
        // Callers do not authenticate to this server, so all of them are one owner and may see all that it keeps.
        guard backups.take() else {
            throw RPCError(
                .resourceExhausted, "another backup runs, and there is one at a time; try again when it is done",
                reason: "BACKUP_RUNNING")
        }
        defer { backups.giveBack() }
        guard let loop = IOLoop.current else { preconditionFailure("a call runs on a loop") }
        let timer = loop.schedule(at: loop.now + Self.backupTimeMax) { context.cancelTask() }
        defer { timer.cancel() }
        guard let file = try await store.copy(logger: context.logger) else {
            throw RPCError(
                .failedPrecondition,
                "this server's store is no file, so there is none to send; export its sessions, or run chatd with "
                    + "--store sqlite:PATH",
                reason: "STORE_HAS_NO_FILE")
        }
        var offset = 0
        var checksum = CRC32()
        while offset < file.byteCount {
            let data = try file.read(at: offset, atMost: chunkBytes)
            checksum.update(data)
            let chunk = BackupChunk(offset: UInt64(offset), data: data, totalBytes: UInt64(file.byteCount))
            offset += data.count
            try await events.send(BackupEvent(event: .chunk(chunk)))
        }
        let finished = BackupFinished(totalBytes: UInt64(offset), crc32: checksum.value)
        try await events.send(BackupEvent(event: .finished(finished)))
    }
}
