// Numbers as text without Foundation.

internal import Glibc

enum Decimal {
    /// A number with so many digits after the point; `-` where it is none.
    static func text(_ value: Double, digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "-" }
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(scaled) }
        let fraction = String(scaled % scale)
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// As people read it: three digits that count, and commas between thousands.
    static func short(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "-" }
        let size = abs(value)
        let digits = size == 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3
        let text = text(value, digits: digits)
        guard digits == 0 else { return text }
        return grouped(text)
    }

    /// Three digits that count, with k for thousands and M for millions.
    static func compact(_ value: Double) -> String {
        switch value {
        case ..<9_995: short(value)
        case ..<999_500: short(value / 1e3) + "k"
        default: short(value / 1e6) + "M"
        }
    }

    /// Two digits that count.
    static func brief(_ value: Double) -> String {
        let size = abs(value)
        return text(value, digits: size >= 9.95 ? 0 : size >= 0.995 ? 1 : size >= 0.0995 ? 2 : 3)
    }

    /// Microseconds, as people read them.
    static func time(_ microseconds: Double) -> String {
        microseconds < 999.5 ? "\(short(microseconds)) us" : "\(short(microseconds / 1000)) ms"
    }

    private static func grouped(_ digits: String) -> String {
        var result = ""
        for (index, character) in digits.reversed().enumerated() {
            if index > 0, index % 3 == 0, character != "-" { result.append(",") }
            result.append(character)
        }
        return String(result.reversed())
    }
}
