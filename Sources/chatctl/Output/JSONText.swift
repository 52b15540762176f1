// JSON for --json. Its own few lines rather than the JSON target, whose writer lets through what terminals act on.

/// A JSON value to print. Objects keep their order, so that lines look alike.
indirect enum JSONText: Sendable {
    case string(String)
    case signed(Int64)
    case unsigned(UInt64)
    case bool(Bool)
    case object([(String, JSONText)])
    case list([JSONText])

    static func number(_ value: some BinaryInteger) -> JSONText {
        value < 0 ? .signed(Int64(clamping: value)) : .unsigned(UInt64(clamping: value))
    }

    /// As one line with its end.
    var line: String {
        var text = ""
        append(to: &text)
        return text + "\n"
    }

    private func append(to text: inout String) {
        switch self {
        case .string(let value): Self.append(value, to: &text)
        case .signed(let value): text += String(value)
        case .unsigned(let value): text += String(value)
        case .bool(let value): text += value ? "true" : "false"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                Self.append(member.0, to: &text)
                text += ":"
                member.1.append(to: &text)
            }
            text += "}"
        case .list(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.append(to: &text)
            }
            text += "]"
        }
    }

    private static func append(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            // Other controls, and DEL with the second block of them, which terminals act on.
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
