// One parsed JSON text. Used on any thread, by one owner at a time; the only file that takes and gives back parsers.

private import CSimdJSON

/// A parsed and fully checked text. Elements keep it alive, so a path look-up may outlive the variable it came from.
///
/// Owns a simdjson parser, which goes back to the spare slot of the thread that lets the document go: a stream's chunks
/// are parsed one after the other without allocating. The text is copied; the caller's bytes are free after `init`.
package final class JSONDocument {
    /// A spare parser keeps the memory of documents up to this size, some 16 times as much; larger ones are freed.
    private static let retainedBytesMax = 32 << 10

    private let parser: OpaquePointer
    private let rootValue: CSimdJSONValue
    let limits: JSONLimits

    /// Parses `bytes`, with nothing but white space around the value.
    ///
    /// - Throws: `JSONError` with the offset of the first fault.
    package convenience init(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
        try self.init(bytes.span, limits: limits)
    }

    /// Parses the text that `bytes` holds.
    package init(_ bytes: Span<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        guard bytes.count <= limits.bytesMax else { throw JSONError(.tooLarge, offset: limits.bytesMax) }
        guard bytes.count > 0 else { throw JSONError(.empty, offset: 0) }
        guard let parser = csimdjson_parser_take() else { throw JSONError(.outOfMemory) }
        var root = CSimdJSONValue()
        // simdjson counts the document itself as one level.
        let result = bytes.withUnsafeBufferPointer { text in
            csimdjson_parse(parser, text.baseAddress, text.count, limits.depthMax + 1, &root)
        }
        guard result == CSIMDJSON_OK else {
            csimdjson_parser_give_back(parser, Self.retainedBytesMax)
            throw JSONFault.error(for: JSONError.Kind(result), in: bytes, depthMax: limits.depthMax)
        }
        self.parser = parser
        self.rootValue = root
        self.limits = limits
    }

    deinit { csimdjson_parser_give_back(parser, Self.retainedBytesMax) }

    /// The value that the text is.
    package var root: JSONElement { JSONElement(rootValue, in: self) }
}

extension JSONError.Kind {
    fileprivate init(_ result: CSimdJSONResult) {
        switch result {
        case CSIMDJSON_EMPTY: self = .empty
        case CSIMDJSON_TOO_DEEP: self = .tooDeep
        case CSIMDJSON_BAD_UTF8: self = .invalidUTF8
        case CSIMDJSON_BAD_STRING: self = .invalidString
        case CSIMDJSON_BAD_NUMBER: self = .invalidNumber
        case CSIMDJSON_OUT_OF_MEMORY: self = .outOfMemory
        default: self = .invalidSyntax
        }
    }
}
