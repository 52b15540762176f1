// Appends text that others chose to a line, so that it can neither break the line nor steer a terminal.

extension [UInt8] {
    /// Appends the text as the inside of a JSON string, at most `bytesMax` bytes; false where it was cut.
    mutating func appendJSON(_ text: String, bytesMax: Int) -> Bool {
        let end = count + bytesMax
        for byte in text.utf8 {
            // Cut between characters only: bytes that go on with one begin with the bits 10.
            if count + 6 > end && byte & 0xC0 != 0x80 { return false }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case UInt8(ascii: "\n"): append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F:
                append(contentsOf: "\\u00".utf8)
                append(hexDigit(byte >> 4))
                append(hexDigit(byte & 15))
            default: append(byte)
            }
        }
        return true
    }

    /// Appends the text for a terminal, control characters (also those above U+0080) escaped as in Swift, at most
    /// `bytesMax` bytes; false where it was cut.
    mutating func appendPlain(_ text: String, bytesMax: Int) -> Bool {
        let end = count + bytesMax
        for scalar in text.unicodeScalars {
            if count + 6 > end { return false }
            switch scalar.value {
            case 0x0A: append(contentsOf: "\\n".utf8)
            case 0..<0x20, 0x7F..<0xA0:
                append(contentsOf: "\\u{".utf8)
                append(hexDigit(UInt8(scalar.value >> 4)))
                append(hexDigit(UInt8(scalar.value & 15)))
                append(UInt8(ascii: "}"))
            default: append(contentsOf: String(scalar).utf8)
            }
        }
        return true
    }

    private func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
