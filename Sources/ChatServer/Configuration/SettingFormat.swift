// The textual forms of settings: durations, byte counts, counts, switches, choices. Each format reads and shows.

/// Why a text is no value of a setting; completes "`5x` ".
struct BadValue: Error, Equatable {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// How the values of a setting are written.
struct SettingFormat<Value: Sendable>: Sendable {
    /// Stands for the value in `--help`.
    var placeholder: String
    /// What `--help` says of the range; empty for nothing.
    var range = ""
    var parse: @Sendable (String) throws(BadValue) -> Value
    /// Fit for logs, without secrets.
    var show: @Sendable (Value) -> String
}

extension SettingFormat where Value == String {
    /// Any text of at most `bytesMax` bytes.
    static func text(_ placeholder: String, bytesMax: Int) -> Self {
        SettingFormat(placeholder: placeholder) { (text: String) throws(BadValue) in
            if text.isEmpty { throw BadValue("is empty") }
            if text.utf8.count > bytesMax { throw BadValue("is longer than \(bytesMax) bytes") }
            return text
        } show: {
            Redaction.shown($0)
        }
    }
}

extension SettingFormat where Value == Bool {
    /// A switch: on without a value.
    static var onOff: Self {
        SettingFormat(placeholder: "") { (text: String) throws(BadValue) in
            switch text {
            case "true", "yes", "on", "1": return true
            case "false", "no", "off", "0": return false
            default: throw BadValue("is neither true nor false")
            }
        } show: {
            $0 ? "true" : "false"
        }
    }
}

extension SettingFormat where Value == Int {
    static func count(in range: ClosedRange<Int>) -> Self {
        SettingFormat(placeholder: "N", range: "\(range.lowerBound) to \(range.upperBound)") {
            (text: String) throws(BadValue) in
            guard let count = Int(text), range.contains(count) else {
                throw BadValue("is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return count
        } show: {
            "\($0)"
        }
    }

    /// Bytes: a whole number, alone or with the unit B, KiB or MiB.
    static func bytes(in range: ClosedRange<Int>) -> Self {
        let limits = "\(ByteCount.show(range.lowerBound)) to \(ByteCount.show(range.upperBound))"
        return SettingFormat(placeholder: "SIZE", range: limits) { (text: String) throws(BadValue) in
            guard let bytes = ByteCount.parse(text) else { throw BadValue("is not a size such as 512KiB or 1MiB") }
            guard range.contains(bytes) else { throw BadValue("is not in the range from \(limits)") }
            return bytes
        } show: {
            ByteCount.show($0)
        }
    }
}

extension SettingFormat where Value == Duration {
    static func duration(in range: ClosedRange<Duration>) -> Self {
        let limits = "\(TimeSpan.show(range.lowerBound)) to \(TimeSpan.show(range.upperBound))"
        return SettingFormat(placeholder: "TIME", range: limits) { (text: String) throws(BadValue) in
            guard let duration = TimeSpan.parse(text) else { throw BadValue("is not a time such as 500ms, 30s or 10m") }
            guard range.contains(duration) else { throw BadValue("is not in the range from \(limits)") }
            return duration
        } show: {
            TimeSpan.show($0)
        }
    }
}

extension SettingFormat {
    /// The same values, and `0` for nil.
    func orZero(meaning: String) -> SettingFormat<Value?> {
        let base = self
        return SettingFormat<Value?>(placeholder: placeholder, range: "\(range); 0 \(meaning)") {
            (text: String) throws(BadValue) in
            if text == "0" { return nil }
            return try base.parse(text)
        } show: {
            $0.map(base.show) ?? "0"
        }
    }

    /// The same values, and nil where nothing is given, shown as `absent`.
    func optional(absent: String) -> SettingFormat<Value?> {
        let base = self
        return SettingFormat<Value?>(placeholder: placeholder, range: range) { (text: String) throws(BadValue) in
            try base.parse(text)
        } show: {
            $0.map(base.show) ?? absent
        }
    }

    /// One of a few words.
    static func choice(_ words: [(word: String, value: Value)]) -> Self where Value: Equatable {
        let list = words.map(\.word).joined(separator: "|")
        return SettingFormat(placeholder: list) { (text: String) throws(BadValue) in
            guard let found = words.first(where: { $0.word == text }) else {
                throw BadValue("is not one of \(list)")
            }
            return found.value
        } show: { value in
            words.first { $0.value == value }?.word ?? "?"
        }
    }
}

/// Durations as text: a whole number and one of the units ms, s, m, h, d.
enum TimeSpan {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    static func parse(_ text: String) -> Duration? {
        let digits = text.prefix(while: { $0.isASCII && $0.isNumber })
        let unit = text.dropFirst(digits.count)
        if text == "0" { return .zero }
        guard let count = Int64(digits), let factor = units.first(where: { $0.name == unit })?.milliseconds else {
            return nil
        }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? nil : .milliseconds(milliseconds)
    }

    /// In the largest unit that leaves no rest.
    static func show(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        for unit in units where milliseconds != 0 && milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.name)"
        }
        return "0"
    }
}

/// Byte counts as text.
enum ByteCount {
    private static let units: [(name: String, bytes: Int)] = [("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1)]

    static func parse(_ text: String) -> Int? {
        let digits = text.prefix(while: { $0.isASCII && $0.isNumber })
        let unit = text.dropFirst(digits.count)
        guard let count = Int(digits), let factor = units.first(where: { $0.name == unit })?.bytes else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }

    /// In the largest unit that leaves no rest.
    static func show(_ bytes: Int) -> String {
        for unit in units where bytes % unit.bytes == 0 && bytes >= unit.bytes {
            return "\(bytes / unit.bytes)\(unit.name)"
        }
        return "\(bytes)B"
    }
}
