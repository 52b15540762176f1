// Finds the first fault of a text that simdjson refused, since simdjson says what is wrong and not where. Pure; runs
// only on failures, in one pass without recursion.

/// A checker of JSON grammar that is slow, simple, and knows where it is.
struct JSONFault {
    /// The error for a text that was refused as `kind`.
    static func error(for kind: JSONError.Kind, in bytes: Span<UInt8>, depthMax: Int) -> JSONError {
        switch kind {
        case .outOfMemory: return JSONError(kind)
        case .invalidUTF8: return JSONError(kind, offset: invalidUTF8Offset(in: bytes))
        default:
            var scanner = JSONFault(count: bytes.count, depthMax: depthMax)
            scanner.scan(bytes)
            // simdjson looks for broken strings before it looks at the grammar: its kind wins, for a caller to rely on.
            let found: JSONError.Kind = kind == .invalidSyntax ? scanner.kind ?? kind : kind
            return JSONError(found, offset: scanner.offset)
        }
    }

    private static func invalidUTF8Offset(in bytes: Span<UInt8>) -> Int {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes)
            return bytes.count
        } catch {
            return error.byteOffsets.lowerBound
        }
    }

    private enum Expects {
        case value
        /// A value or the end of an array that has none yet.
        case valueOrEnd
        /// A name or the end of an object that has none yet.
        case nameOrEnd
        case name
        case colon
        /// A comma or the end of the container; the end of the text outside of all containers.
        case commaOrEnd
    }

    private let count: Int
    private let depthMax: Int
    private var offset = 0
    private var kind: JSONError.Kind?
    private var expects = Expects.value
    /// True for an object, false for an array, innermost last.
    private var containers: [Bool] = []

    private init(count: Int, depthMax: Int) {
        self.count = count
        self.depthMax = depthMax
    }

    private mutating func scan(_ bytes: Span<UInt8>) {
        while kind == nil, offset < count {
            let byte = bytes[offset]
            switch (byte, expects) {
            case (0x20, _), (0x09, _), (0x0A, _), (0x0D, _): offset += 1
            case (UInt8(ascii: "\""), .name), (UInt8(ascii: "\""), .nameOrEnd):
                expects = string(bytes) ? .colon : expects
            case (UInt8(ascii: ":"), .colon): advance(.value)
            case (UInt8(ascii: ","), .commaOrEnd) where !containers.isEmpty:
                advance(containers.last == true ? .name : .value)
            case (UInt8(ascii: "}"), .commaOrEnd) where containers.last == true,
                (UInt8(ascii: "}"), .nameOrEnd),
                (UInt8(ascii: "]"), .commaOrEnd) where containers.last == false,
                (UInt8(ascii: "]"), .valueOrEnd):
                containers.removeLast()
                advance(.commaOrEnd)
            case (_, .value), (_, .valueOrEnd): value(byte, bytes)
            default: kind = .invalidSyntax
            }
        }
        if kind == nil, expects != .commaOrEnd || !containers.isEmpty { kind = .invalidSyntax }
    }

    private mutating func advance(_ next: Expects) {
        offset += 1
        expects = next
    }

    private mutating func value(_ byte: UInt8, _ bytes: Span<UInt8>) {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard containers.count < depthMax else {
                kind = .tooDeep
                return
            }
            let isObject = byte == UInt8(ascii: "{")
            containers.append(isObject)
            advance(isObject ? .nameOrEnd : .valueOrEnd)
        case UInt8(ascii: "\""): if string(bytes) { expects = .commaOrEnd }
        case UInt8(ascii: "t"): word("true", bytes)
        case UInt8(ascii: "f"): word("false", bytes)
        case UInt8(ascii: "n"): word("null", bytes)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number(bytes)
        default: kind = .invalidSyntax
        }
    }

    private mutating func word(_ word: StaticString, _ bytes: Span<UInt8>) {
        for index in 0..<word.utf8CodeUnitCount {
            guard offset + index < count, bytes[offset + index] == word.utf8Start[index] else {
                kind = .invalidSyntax
                return
            }
        }
        offset += word.utf8CodeUnitCount
        expects = .commaOrEnd
    }

    /// A number ends where a value may; the offset stays at its start when it is none, or does not fit.
    private mutating func number(_ bytes: Span<UInt8>) {
        var end = offset
        var text: [UInt8] = []
        while end < count, Self.isNumberByte(bytes[end]) {
            text.append(bytes[end])
            end += 1
        }
        guard Self.isNumber(text) else {
            kind = .invalidNumber
            return
        }
        offset = end
        expects = .commaOrEnd
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private static func isNumber(_ text: [UInt8]) -> Bool {
        var rest = text[...]
        func digits() -> Int {
            let before = rest.count
            while let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { rest.removeFirst() }
            return before - rest.count
        }
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let startsWithZero = rest.first == UInt8(ascii: "0")
        let wholeDigits = digits()
        guard wholeDigits == 1 || (wholeDigits > 1 && !startsWithZero) else { return false }
        var isInteger = true
        if rest.first == UInt8(ascii: ".") {
            isInteger = false
            rest.removeFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            isInteger = false
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
            guard digits() > 0 else { return false }
        }
        guard rest.isEmpty else { return false }
        let string = String(decoding: text, as: UTF8.self)
        return isInteger ? Int64(string) != nil || UInt64(string) != nil : Double(string)?.isFinite == true
    }

    /// Moves past a string; false, with the offset at the fault, when it is broken.
    private mutating func string(_ bytes: Span<UInt8>) -> Bool {
        let start = offset
        offset += 1
        while offset < count {
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return true
            case UInt8(ascii: "\\"): guard escape(bytes) else { return false }
            case 0..<0x20:
                kind = .invalidString
                return false
            default: offset += 1
            }
        }
        offset = start
        kind = .invalidString
        return false
    }

    private mutating func escape(_ bytes: Span<UInt8>) -> Bool {
        let start = offset
        guard offset + 1 < count else {
            kind = .invalidString
            return false
        }
        switch bytes[offset + 1] {
        case UInt8(ascii: "u"):
            offset += 2
            guard let unit = hexUnit(bytes), !UTF16.isTrailSurrogate(unit) else { break }
            guard UTF16.isLeadSurrogate(unit) else { return true }
            guard offset + 1 < count, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
            else { break }
            offset += 2
            guard let second = hexUnit(bytes), UTF16.isTrailSurrogate(second) else { break }
            return true
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 2
            return true
        default: break
        }
        offset = start
        kind = .invalidString
        return false
    }

    private mutating func hexUnit(_ bytes: Span<UInt8>) -> UInt16? {
        guard offset + 4 <= count else { return nil }
        var unit: UInt16 = 0
        for index in offset..<offset + 4 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        offset += 4
        return unit
    }
}
