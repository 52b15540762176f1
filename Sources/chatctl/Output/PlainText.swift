// Text of others on the way to a terminal, and times for people.

internal import Glibc

/// What models, users and other programs wrote, safe to show.
enum PlainText {
    /// The text for standard output: as it is where that is a file or a pipe; on a terminal without the controls that
    /// could move the cursor, change the title or answer in the user's name.
    static func shown(_ text: String) -> String {
        StandardOutput.isTerminal ? withoutControls(text) : text
    }

    /// On one line, for tables.
    static func oneLine(_ text: String) -> String {
        withoutControls(String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 }))
    }

    static func withoutControls(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            result.append(isControl && scalar != "\n" && scalar != "\t" ? "\u{FFFD}" : scalar)
        }
        return String(result)
    }

    /// Local time to the minute; empty for 0, which means that it is not known.
    static func time(unixMicroseconds: Int64) -> String {
        guard unixMicroseconds != 0 else { return "" }
        var seconds = time_t(unixMicroseconds / 1_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let two = { (number: Int32) in number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min))"
    }

    /// At least `width` columns, for tables; longer texts stay whole.
    static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
