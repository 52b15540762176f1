// What is wrong with a JSON text, and the limits that one is held to.

/// A text that is no acceptable JSON. Holds no part of the text, which may be a prompt or a key.
package struct JSONError: Error, Sendable, Equatable {
    package enum Kind: Sendable, Hashable {
        case empty
        /// More bytes than `JSONLimits.bytesMax`.
        case tooLarge
        /// More containers inside each other than `JSONLimits.depthMax`.
        case tooDeep
        /// More values than `JSONLimits.valuesMax`.
        case tooManyValues
        case invalidUTF8
        /// An unknown escape, a lone surrogate, a control character, or no closing quote.
        case invalidString
        /// Not a JSON number, or one that neither 64 bits nor a finite double hold.
        case invalidNumber
        case invalidSyntax
        case outOfMemory
    }

    package var kind: Kind
    /// Where the first fault is, in bytes from the start; nil where no single place is at fault.
    package var offset: Int?

    package init(_ kind: Kind, offset: Int? = nil) {
        self.kind = kind
        self.offset = offset
    }
}

/// How much JSON one document may be.
package struct JSONLimits: Sendable, Hashable {
    /// Bytes of text. Parsing needs up to 16 times as much memory while it lasts.
    package var bytesMax: Int
    /// Containers inside each other. The walk of a tree recurses this deep.
    package var depthMax: Int
    /// Values in a tree that `JSONElement.tree()` makes; a value needs some 40 bytes, an empty text of it only two.
    package var valuesMax: Int

    package init(bytesMax: Int = 4 << 20, depthMax: Int = 64, valuesMax: Int = 100_000) {
        precondition(bytesMax > 0 && depthMax > 0 && valuesMax > 0, "a JSON limit must be positive")
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.valuesMax = valuesMax
    }

    /// 4 MiB, which is the largest frame of the RPC face; 64 deep, which no message of a known provider comes near.
    package static let standard = JSONLimits()
}
