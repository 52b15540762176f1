// Proves that a streamed answer is whole: sequence numbers without gaps, then the text's length and CRC. Pure.

internal import RPC
internal import Wire

/// Follows the events of one stream.
struct ChatEventCheck: Sendable {
    private var nextSequence: UInt64 = 1
    private var textBytes: UInt64 = 0
    private var crc = CRC32()
    private var isFinished = false

    /// Takes the next event.
    ///
    /// - Throws: DATA_LOSS with reason EVENTS_LOST.
    mutating func received(_ event: ChatEvent) throws(RPCError) {
        guard !isFinished else { throw Self.loss("events came after the end") }
        guard event.sequence == nextSequence else {
            throw Self.loss("event \(nextSequence) is missing, \(event.sequence) came")
        }
        nextSequence += 1
        switch event.event {
        case .text(let text):
            textBytes += UInt64(text.utf8.count)
            crc.add(text)
        case .finished(let finished):
            isFinished = true
            guard finished.textBytes == textBytes else {
                throw Self.loss("the text has \(finished.textBytes) bytes, \(textBytes) came")
            }
            guard finished.textCrc32 == crc.value else { throw Self.loss("the text's checksum is another one") }
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
            .dataLoss, "a piece of the answer is missing: \(words); repeat the call with the same turn id",
            reason: ChatClientError.Reason.eventsLost)
    }
}

/// The CRC-32 of zlib, gzip and PNG.
struct CRC32: Sendable {
    private var state: UInt32 = 0xFFFF_FFFF

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    mutating func add(_ text: String) { add(text.utf8) }

    mutating func add(_ bytes: some Sequence<UInt8>) {
        var state = state
        for byte in bytes { state = Self.table[Int((state ^ UInt32(byte)) & 0xFF)] ^ (state >> 8) }
        self.state = state
    }

    var value: UInt32 { ~state }
}
