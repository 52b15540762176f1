// The same bytes as every message of the schema: memory stays within the budget, and what was read once is packed and
// read again without a change. All types see every input, so no input depends on a type's place in a list.

@testable import ProtoMessages

enum MessagesFuzz {
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        for type in everyMessageType { try check(type, bytes) }
    }

    private static func check<M: CMessageConvertible & ProtoMessage>(_ type: M.Type, _ bytes: [UInt8]) throws {
        guard let message = try unpack(type, bytes) else { return }
        let packed = message.packed()
        // A negative number may come in five bytes and is written in ten; all else shrinks.
        try require(
            packed.count <= 2 * bytes.count + 16, "\(M.fullName): \(bytes.count) bytes became \(packed.count)")
        guard let again = try unpack(type, packed) else {
            // Fields that nobody knows gave room, which went with them.
            return try require(packed.count < bytes.count, "\(M.fullName) is read again after it was packed")
        }
        try require(again.packed() == packed, "\(M.fullName) is packed to the same bytes again")
    }

    /// Unpacks with the arena in view.
    private static func unpack<M: CMessageConvertible & ProtoMessage>(_ type: M.Type, _ bytes: [UInt8]) throws -> M? {
        let budget = UnpackingLimits.budget(forBytes: bytes.count)
        let (result, takenBytes) = Arena.with(budget: budget, expecting: 2 * bytes.count) { arena in
            let result = Result { () throws(ProtoError) in
                try M(MessageCodec.unpack(bytes.span, as: type, in: arena))
            }
            return (result, arena.state.pointee.takenBytes)
        }
        try require(takenBytes <= budget, "\(M.fullName): \(takenBytes) bytes were taken, \(budget) allowed")
        switch result {
        case .success(let message): return message
        case .failure(let error):
            try require(isOneLine(error.explanation), "an error's words fit a line")
            return nil
        }
    }
}
