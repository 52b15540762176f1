// What a caller sends beside its request: short text pairs with lower-case keys.

/// The metadata of a call. Keys may repeat; look-ups ignore the case of the key that was sent.
package struct Metadata: Sendable, Equatable {
    package private(set) var pairs: [(key: String, value: String)] = []

    package init() {}

    package init(_ pairs: [(key: String, value: String)]) {
        for pair in pairs { append(pair.key, pair.value) }
    }

    package var isEmpty: Bool { pairs.isEmpty }

    /// Adds a pair. The key is lower-cased, since Go's handlers cannot find any other.
    package mutating func append(_ key: String, _ value: String) {
        pairs.append((key.lowercased(), value))
    }

    /// The first value under `key`, which must be lower-case.
    package subscript(key: String) -> String? {
        for pair in pairs where pair.key == key { return pair.value }
        return nil
    }

    package static func == (left: Metadata, right: Metadata) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0.key == $1.key && $0.value == $1.value }
    }
}
