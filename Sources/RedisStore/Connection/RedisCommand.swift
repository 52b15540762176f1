// A command on its way to Redis. hiredis writes it in Redis's protocol.

internal import CHiredis

/// A command's name and arguments, end to end in one buffer. Arguments are bytes: they may hold anything.
package struct RedisCommand: Sendable {
    private var bytes: [UInt8] = []
    /// Where each argument ends.
    private var ends: [Int] = []

    package init(_ name: StaticString, _ arguments: String...) {
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        ends.append(bytes.count)
        for argument in arguments { add(argument) }
    }

    /// A command whose name is not known before; at least one word.
    init(words: [String]) {
        precondition(!words.isEmpty, "a command has a name")
        for word in words { add(word) }
    }

    package mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
        ends.append(bytes.count)
    }

    mutating func add(_ argument: [UInt8]) {
        bytes.append(contentsOf: argument)
        ends.append(bytes.count)
    }

    mutating func add(_ number: some BinaryInteger) { add(String(number)) }

    /// Bytes of all arguments.
    var byteCount: Int { bytes.count }

    /// Appends the command in Redis's protocol.
    func write(into output: inout [UInt8]) {
        let count = ends.count
        bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { starts in
                withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { lengths in
                    // Never nil, since a command has a name.
                    let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
                    var start = 0
                    for (index, end) in ends.enumerated() {
                        starts.initializeElement(at: index, to: base.map { $0 + start })
                        lengths.initializeElement(at: index, to: end - start)
                        start = end
                    }
                    var text: UnsafeMutablePointer<CChar>?
                    let written = redisFormatCommandArgv(
                        &text, Int32(count), starts.baseAddress, lengths.baseAddress)
                    // hiredis has no other reason to fail than memory.
                    guard written >= 0, let text else { preconditionFailure("there is no memory for a command") }
                    output.append(contentsOf: UnsafeRawBufferPointer(start: text, count: Int(written)))
                    redisFreeCommand(text)
                }
            }
        }
    }
}
