// How the embedded stores write positions into page tokens. Opaque to callers; refused when they made them up.

/// Numbers as fixed-width hexadecimal digits.
package enum PageToken {
    package static func make(_ numbers: UInt64...) -> String {
        numbers.map { Identifier.hexadecimal($0) }.joined(separator: "-")
    }

    /// - Throws: `EngineError.badPageToken()` unless the token is exactly `count` numbers.
    package static func parse(_ token: String, count: Int) throws(EngineError) -> [UInt64] {
        let parts = token.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == count else { throw .badPageToken() }
        var numbers: [UInt64] = []
        for part in parts {
            guard part.utf8.count == 16, part.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
                let number = UInt64(part, radix: 16)
            else { throw .badPageToken() }
            numbers.append(number)
        }
        return numbers
    }
}
