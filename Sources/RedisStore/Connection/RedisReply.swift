// What Redis answered: hiredis's tree, owned and lent.

internal import CHiredis

/// A reply. Owns hiredis's tree, which never changes; values borrow from it and keep it alive.
package final class RedisReply: @unchecked Sendable {
    // Because the tree is not written to after hiredis made it.
    private let root: UnsafeMutablePointer<redisReply>

    /// Takes ownership of a reply.
    init(_ root: UnsafeMutablePointer<redisReply>) { self.root = root }

    deinit { freeReplyObject(root) }

    package var value: RedisValue { RedisValue(root, of: self) }
}

/// A value in a reply. What does not apply gives nil.
package struct RedisValue {
    private let pointer: UnsafeMutablePointer<redisReply>
    private let reply: RedisReply

    fileprivate init(_ pointer: UnsafeMutablePointer<redisReply>, of reply: RedisReply) {
        self.pointer = pointer
        self.reply = reply
    }

    package var isNull: Bool { pointer.pointee.type == REDIS_REPLY_NIL }

    /// A number, or a text that is one: Lua's numbers lose what is behind 2^53, so scripts answer in texts.
    package var integer: Int64? {
        switch pointer.pointee.type {
        case REDIS_REPLY_INTEGER: pointer.pointee.integer
        case REDIS_REPLY_STRING: text.flatMap { Int64($0) }
        default: nil
        }
    }

    /// A text that is a number without a sign, of any size.
    var unsigned: UInt64? { text.flatMap { UInt64($0) } }

    /// A string or a status.
    package var text: String? {
        withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Lends the bytes of a string or a status.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result? {
        let type = pointer.pointee.type
        guard type == REDIS_REPLY_STRING || type == REDIS_REPLY_STATUS else { return nil }
        return try withExtendedLifetime(reply) {
            try body(UnsafeRawBufferPointer(start: pointer.pointee.str, count: pointer.pointee.len))
        }
    }

    /// An error's words.
    var error: String? {
        guard pointer.pointee.type == REDIS_REPLY_ERROR else { return nil }
        return String(
            decoding: UnsafeRawBufferPointer(start: pointer.pointee.str, count: pointer.pointee.len), as: UTF8.self)
    }

    /// Elements of an array; 0 for anything else.
    package var count: Int { pointer.pointee.type == REDIS_REPLY_ARRAY ? pointer.pointee.elements : 0 }

    /// The element at `index`; nil past the end.
    package subscript(index: Int) -> RedisValue? {
        guard index >= 0, index < count, let element = pointer.pointee.element[index] else { return nil }
        return RedisValue(element, of: reply)
    }

    package var elements: [RedisValue] { (0..<count).compactMap { self[$0] } }
}
