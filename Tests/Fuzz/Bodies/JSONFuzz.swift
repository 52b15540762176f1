// The JSON reader beside its own parts: a text that simdjson takes has no fault in the eyes of the slow checker, the
// walk and the tree agree, and the tree is written and read without a change.

@testable import JSON

enum JSONFuzz {
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        let limits = JSONLimits(bytesMax: 4_096, depthMax: 16, valuesMax: 1_000)
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes, limits: limits)
        } catch {
            return try refused(error, bytes)
        }
        let fault = JSONFault.error(for: .invalidSyntax, in: bytes.span, depthMax: limits.depthMax)
        try require(
            fault == JSONError(.invalidSyntax, offset: bytes.count), "an accepted text has no fault: \(fault)")
        let tree: JSONValue
        do throws(JSONError) {
            tree = try document.root.tree()
        } catch {
            return try require(error == JSONError(.tooManyValues), "only their number speaks against values: \(error)")
        }
        try compare(document.root, tree)
        let written = tree.bytes
        let again = Result { () throws(JSONError) in
            try JSONValue(parsing: written, limits: JSONLimits(depthMax: limits.depthMax))
        }
        try require(again == .success(tree), "what is written is read again as it was: \(tree.text)")
        try require((try? again.get().bytes) == written, "and written as it was: \(tree.text)")
    }

    private static func refused(_ error: JSONError, _ bytes: [UInt8]) throws {
        let kinds: Set<JSONError.Kind> = [.outOfMemory, .tooManyValues]
        try require(!kinds.contains(error.kind), "a text of this size is refused for its form: \(error)")
        try require((0...bytes.count).contains(error.offset ?? -1), "a fault has a place in the text: \(error)")
    }

    /// The walk, which models' answers are read with, and the tree see the same.
    private static func compare(_ element: JSONElement, _ value: JSONValue) throws {
        try require(element.string == value.string, "the same text")
        try require(element.bool == value.bool, "the same truth")
        try require(element.integer == value.integer, "the same integer")
        try require(element.double == value.double, "the same number")
        try require(element.isNull == (value == .null), "the same null")
        let elements = element.elements.map(Array.init)
        try require(elements?.count == value.elements?.count, "the same number of elements")
        for (index, child) in (elements ?? []).enumerated() {
            guard let other = value[index] else { throw BrokenProperty("the tree has element \(index)") }
            try compare(child, other)
            try require(element[index]?.kind == child.kind, "element \(index) is found by its place")
        }
        try require(element[(elements ?? []).count] == nil, "there is no element behind the last")
        let members = element.members.map(Array.init)
        try require(members?.count == value.members?.count, "the same number of members")
        for (child, other) in zip(members ?? [], value.members ?? []) {
            try require(child.key.utf8.elementsEqual(other.key.utf8), "the same keys in the same order")
            try compare(child.value, other.value)
            let first = members?.first { $0.key.utf8.elementsEqual(child.key.utf8) }
            try require(element[child.key]?.kind == first?.value.kind, "a member is found by its key: \(child.key)")
        }
    }
}
