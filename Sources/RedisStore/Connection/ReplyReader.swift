// Bytes into replies, by hiredis's reader. Used on one loop; owns the reader.

internal import CHiredis

/// What came is not Redis's protocol, or more than may come.
struct ReplyFault: Error, Equatable {
    let words: String
}

/// Takes bytes as they come and gives whole replies.
final class ReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>

    init() {
        guard let reader = redisReaderCreate() else { preconditionFailure("there is no memory for a reader") }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    /// Adds bytes.
    func feed(_ bytes: Span<UInt8>) throws(ReplyFault) {
        guard reader.pointee.len - reader.pointee.pos + bytes.count <= RedisLimits.replyBytesMax else {
            throw ReplyFault(words: "a reply is larger than \(RedisLimits.replyBytesMax) bytes")
        }
        let result = bytes.withUnsafeBytes { buffer in
            redisReaderFeed(reader, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        guard result == REDIS_OK else { throw fault }
    }

    /// The next whole reply; nil until more bytes come.
    func next() throws(ReplyFault) -> RedisReply? {
        var reply: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &reply) == REDIS_OK else { throw fault }
        return reply.map { RedisReply($0.assumingMemoryBound(to: redisReply.self)) }
    }

    /// hiredis's words may repeat the byte that it did not expect, which says nothing of anybody's data.
    private var fault: ReplyFault {
        let words = withUnsafeBytes(of: &reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return ReplyFault(words: words.isEmpty ? "what came is not Redis's protocol" : words)
    }
}
