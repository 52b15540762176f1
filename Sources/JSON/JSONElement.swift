// A value inside a parsed document: path look-ups without making a tree. Same owner rules as its document.

internal import CSimdJSON

/// A place in a `JSONDocument`. Look-ups that do not apply give nil, so tolerant readers chain them:
/// `root["choices"]?[0]?["delta"]?["content"]?.string`.
package struct JSONElement {
    private let value: CSimdJSONValue
    let document: JSONDocument

    init(_ value: CSimdJSONValue, in document: JSONDocument) {
        self.value = value
        self.document = document
    }

    package enum Kind: Sendable, Hashable {
        case null
        case bool
        case integer
        case double
        case string
        case array
        case object
    }

    package var kind: Kind {
        switch csimdjson_kind(value) {
        case CSIMDJSON_BOOL: .bool
        case CSIMDJSON_INT64, CSIMDJSON_UINT64: .integer
        case CSIMDJSON_DOUBLE: .double
        case CSIMDJSON_STRING: .string
        case CSIMDJSON_ARRAY: .array
        case CSIMDJSON_OBJECT: .object
        default: .null
        }
    }

    package var isNull: Bool { kind == .null }

    /// The first member named `key`; nil when there is none or this is no object. Costs one walk over the members.
    package subscript(key: String) -> JSONElement? {
        var key = key
        var found = CSimdJSONValue()
        let exists = key.withUTF8 { name in
            name.withMemoryRebound(to: CChar.self) { csimdjson_find(value, $0.baseAddress, $0.count, &found) }
        }
        return exists ? JSONElement(found, in: document) : nil
    }

    /// The element at `index`; nil past the end, below zero or when this is no array. Costs a walk up to `index`.
    package subscript(index: Int) -> JSONElement? {
        guard index >= 0, var elements = elements?.makeIterator() else { return nil }
        for _ in 0..<index where elements.next() == nil { return nil }
        return elements.next()
    }

    /// The text, which may hold U+0000; nil when this is no string.
    package var string: String? {
        withUTF8 { String(decoding: $0, as: UTF8.self) }
    }

    /// Lends the text's bytes, which are valid UTF-8; nil, without a call, when this is no string.
    package func withUTF8<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result? {
        var bytes: UnsafePointer<CChar>?
        var count = 0
        guard csimdjson_string(value, &bytes, &count) else { return nil }
        return try withExtendedLifetime(document) {
            try body(UnsafeRawBufferPointer(start: bytes, count: count))
        }
    }

    /// The number when it is an integer that fits, or a double without a fraction that does; else nil.
    package var integer: Int? {
        switch csimdjson_kind(value) {
        case CSIMDJSON_INT64: Int(csimdjson_int64(value))
        case CSIMDJSON_DOUBLE: Int(exactly: csimdjson_double(value))
        default: nil
        }
    }

    /// The number, integers included, rounded to a double; nil when this is no number.
    package var double: Double? {
        switch csimdjson_kind(value) {
        case CSIMDJSON_INT64, CSIMDJSON_UINT64, CSIMDJSON_DOUBLE: csimdjson_double(value)
        default: nil
        }
    }

    package var bool: Bool? {
        csimdjson_kind(value) == CSIMDJSON_BOOL ? csimdjson_bool(value) : nil
    }

    /// The elements in order; nil when this is no array.
    package var elements: Elements? {
        guard kind == .array, let cursor = walk() else { return nil }
        return Elements(cursor: cursor, document: document)
    }

    /// The members in the text's order, with duplicates; nil when this is no object.
    package var members: Members? {
        guard let cursor = walkOverMembers() else { return nil }
        return Members(cursor: cursor, document: document)
    }

    /// Nil when this is no object.
    func walkOverMembers() -> CSimdJSONCursor? { kind == .object ? walk() : nil }

    private func walk() -> CSimdJSONCursor? {
        var cursor = CSimdJSONCursor()
        return csimdjson_walk(value, &cursor) ? cursor : nil
    }

    package struct Elements: Sequence, IteratorProtocol {
        fileprivate var cursor: CSimdJSONCursor
        fileprivate let document: JSONDocument

        package mutating func next() -> JSONElement? {
            var value = CSimdJSONValue()
            return csimdjson_next_element(&cursor, &value) ? JSONElement(value, in: document) : nil
        }
    }

    package struct Members: Sequence, IteratorProtocol {
        fileprivate var cursor: CSimdJSONCursor
        fileprivate let document: JSONDocument

        package mutating func next() -> (key: String, value: JSONElement)? {
            var value = CSimdJSONValue()
            var key: UnsafePointer<CChar>?
            var count = 0
            guard csimdjson_next_member(&cursor, &key, &count, &value) else { return nil }
            let name = String(decoding: UnsafeRawBufferPointer(start: key, count: count), as: UTF8.self)
            return (name, JSONElement(value, in: document))
        }
    }
}

extension JSONElement {
    /// This value and all below it as a tree that needs no document.
    ///
    /// - Throws: `JSONError(.tooManyValues)` past the document's `valuesMax`. Depth was limited when it was parsed.
    package func tree() throws(JSONError) -> JSONValue {
        var valuesLeft = document.limits.valuesMax
        return try tree(&valuesLeft)
    }

    private func tree(_ valuesLeft: inout Int) throws(JSONError) -> JSONValue {
        guard valuesLeft > 0 else { throw JSONError(.tooManyValues) }
        valuesLeft -= 1
        switch csimdjson_kind(value) {
        case CSIMDJSON_BOOL: return .bool(csimdjson_bool(value))
        case CSIMDJSON_INT64: return .integer(csimdjson_int64(value))
        case CSIMDJSON_UINT64: return .unsigned(csimdjson_uint64(value))
        case CSIMDJSON_DOUBLE: return .double(csimdjson_double(value))
        case CSIMDJSON_STRING: return .string(string ?? "")
        case CSIMDJSON_ARRAY:
            var values: [JSONValue] = []
            guard var elements = elements else { return .array([]) }
            while let element = elements.next() { values.append(try element.tree(&valuesLeft)) }
            return .array(values)
        case CSIMDJSON_OBJECT:
            var result: [JSONValue.Member] = []
            guard var members = members else { return .object([]) }
            while let member = members.next() {
                result.append(JSONValue.Member(member.key, try member.value.tree(&valuesLeft)))
            }
            return .object(result)
        default: return .null
        }
    }
}
