// Replays the fuzzers' corpus and every failure that was ever saved, without a sanitizer. Where a body traps, the whole
// run ends; `make fuzz TARGET=name` then names the input, since it begins with the same ones.

import Testing

@Suite("Fuzz corpus")
struct CorpusTests {
    /// The corpus is in the repository: few and small inputs that reach what long runs reached.
    private static let corpusBytesMax = 1 << 20

    @Test("every input of the corpus, and every saved failure, keeps the properties", arguments: FuzzTarget.all)
    func replay(target: FuzzTarget) throws {
        let corpus = try SavedInputs.all(in: "Corpus/\(target.name)")
        #expect(!corpus.isEmpty, "\(target.name) has no corpus: run Tests/Fuzz/minimise")
        for input in try corpus + SavedInputs.all(in: "Failures/\(target.name)") {
            do {
                try input.bytes.withUnsafeBytes(target.body)
            } catch {
                Issue.record("\(input.path): \(error)")
            }
        }
        // Bodies are cheap at their edges, too.
        try target.body(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    @Test("the folders are the targets'")
    func folders() throws {
        let names = Set(FuzzTarget.all.map(\.name))
        #expect(names.count == FuzzTarget.all.count)
        #expect(try Set(SavedInputs.names(in: "Corpus")) == names)
        #expect(try Set(SavedInputs.names(in: "Failures")).isSubset(of: names))
    }

    @Test("the corpus stays small")
    func size() throws {
        let bytes = try FuzzTarget.all.flatMap { try SavedInputs.all(in: "Corpus/\($0.name)") }.map(\.bytes.count)
        #expect(bytes.reduce(0, +) <= Self.corpusBytesMax)
    }

    @Test("a broken property is reported, and bytes are cut without loss", arguments: [UInt8(0), 1, 2, 255])
    func support(seed: UInt8) throws {
        #expect(throws: BrokenProperty.self) { try require(false, "never") }
        let bytes = (0..<200).map { UInt8($0) }
        let pieces = Pieces.cut(bytes, seed: seed)
        #expect(pieces.flatMap { $0 } == bytes)
        #expect(pieces == Pieces.cut(bytes, seed: seed))
        #expect(pieces.count > 1)
    }
}

extension FuzzTarget: CustomTestStringConvertible {
    package var testDescription: String { name }
}
