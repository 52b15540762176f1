// The fuzzers by name. A body is an ordinary function that throws where a property is broken, so libFuzzer runs it on
// made-up inputs and the replay test on the saved ones.

/// One fuzzer.
package struct FuzzTarget: Sendable {
    /// Also the name of its folders of inputs.
    package let name: String
    /// Looks at one input; throws `BrokenProperty`, or traps, on a finding.
    package let body: @Sendable (UnsafeRawBufferPointer) throws -> Void

    /// All of them. `Tests/Fuzz/run` reads the names from this table.
    package static let all = [
        FuzzTarget(name: "frames", body: FramesFuzz.run),
        FuzzTarget(name: "envelope", body: EnvelopeFuzz.run),
        FuzzTarget(name: "messages", body: MessagesFuzz.run),
        FuzzTarget(name: "requests", body: RequestsFuzz.run),
        FuzzTarget(name: "questions", body: QuestionsFuzz.run),
        FuzzTarget(name: "json", body: JSONFuzz.run),
        FuzzTarget(name: "events", body: EventsFuzz.run),
        FuzzTarget(name: "chunks", body: ChunksFuzz.run),
        FuzzTarget(name: "headers", body: HeadersFuzz.run),
        FuzzTarget(name: "scripts", body: ScriptsFuzz.run),
        FuzzTarget(name: "addresses", body: AddressesFuzz.run),
        FuzzTarget(name: "configuration", body: ConfigurationFuzz.run),
    ]

    /// The target of that name.
    package static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// What should always hold, and did not.
package struct BrokenProperty: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Throws unless `holds`.
///
/// - Parameter property: what was expected, as a sentence; may show the values, since inputs are made up.
func require(_ holds: Bool, _ property: @autoclosure () -> String) throws {
    if !holds { throw BrokenProperty(property()) }
}

extension UnsafeRawBufferPointer {
    /// The first bytes, which decide about the run, and the rest, which is its input.
    func split(after count: Int) -> (choices: [UInt8], rest: [UInt8]) {
        let choices = Array(prefix(count))
        return (choices + [UInt8](repeating: 0, count: count - choices.count), Array(dropFirst(count)))
    }
}

/// Cuts bytes into pieces, always the same ones for the same seed.
enum Pieces {
    /// One piece a byte for seed 0, else pieces of up to 1 to 64 bytes, empty ones among them.
    static func cut(_ bytes: [UInt8], seed: UInt8) -> [[UInt8]] {
        if seed == 0 { return bytes.map { [$0] } }
        var random = RandomSource(seed: UInt64(seed))
        let lengthMax = 1 << random.index(7)
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = min(random.index(lengthMax + 1), rest.count)
            pieces.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return pieces
    }
}

/// True where the text can stand in a line of a log or a terminal.
func isOneLine(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
}
