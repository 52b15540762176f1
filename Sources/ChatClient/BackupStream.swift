// A backup as a sequence of pieces that is whole or fails.

internal import ChatStubs
internal import RPC
internal import Wire

/// The pieces of one backup. Made by ``ChatClient/backup(options:)``. Each iteration is a call of its own, and another
/// copy.
public struct BackupStream: AsyncSequence, Sendable {
    /// The next bytes of the file, in order and without a gap.
    public typealias Element = BackupChunk
    /// Every error is a ``ChatClientError``.
    public typealias Failure = ChatClientError

    let client: ChatClient
    let options: CallOptions

    /// Begins the call with the first `next()`.
    public func makeAsyncIterator() -> Iterator { Iterator(client: client, options: options) }

    /// Reads the pieces; releasing it cancels the call unless that has ended.
    public struct Iterator: AsyncIteratorProtocol {
        private let client: ChatClient
        private let options: CallOptions
        private var reader: ResponseReader<BackupEvent>?
        private var check = BackupCheck()
        private var isOver = false

        init(client: ChatClient, options: CallOptions) {
            self.client = client
            self.options = options
        }

        /// The next piece; nil after the last, when the file is whole.
        ///
        /// - Throws: ``ChatClientError``: the call's, or `dataLoss` with reason `EVENTS_LOST` when a piece is missing.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(ChatClientError) -> BackupChunk? {
            guard !isOver else { return nil }
            do throws(RPCError) {
                let reader = try await begun()
                while let event = try await reader.next() {
                    try check.received(event)
                    if case .chunk(let chunk) = event.event { return chunk }
                }
                isOver = true
                try check.ended()
                return nil
            } catch {
                isOver = true
                reader?.cancel()
                reader = nil
                throw ChatClientError(error)
            }
        }

        private mutating func begun() async throws(RPCError) -> ResponseReader<BackupEvent> {
            if let reader { return reader }
            let reader = try await MaintenanceServiceClient(channel: client.rpc).backup(
                BackupRequest(), options: options)
            self.reader = reader
            return reader
        }
    }
}

/// Proves that a backup is whole: offsets without gaps, then the file's length and CRC. Pure.
struct BackupCheck: Sendable {
    private var byteCount: UInt64 = 0
    private var crc = CRC32()
    private var isFinished = false

    /// Takes the next event.
    ///
    /// - Throws: DATA_LOSS with reason EVENTS_LOST.
    mutating func received(_ event: BackupEvent) throws(RPCError) {
        guard !isFinished else { throw Self.loss("events came after the end") }
        switch event.event {
        case .chunk(let chunk):
            guard chunk.offset == byteCount else {
                throw Self.loss("byte \(byteCount) should come, byte \(chunk.offset) came")
            }
            byteCount += UInt64(chunk.data.count)
            crc.add(chunk.data)
        case .finished(let finished):
            isFinished = true
            guard finished.totalBytes == byteCount else {
                throw Self.loss("the file has \(finished.totalBytes) bytes, \(byteCount) came")
            }
            guard finished.crc32 == crc.value else { throw Self.loss("the file's checksum is another one") }
        default: break
        }
    }

    /// The stream ended.
    ///
    /// - Throws: DATA_LOSS with reason EVENTS_LOST when `finished` is missing.
    func ended() throws(RPCError) {
        guard isFinished else { throw Self.loss("the stream ended without its last event") }
    }

    private static func loss(_ words: String) -> RPCError {
        RPCError(
            .dataLoss, "a piece of the backup is missing: \(words); begin it again",
            reason: ChatClientError.Reason.eventsLost)
    }
}
