// One log event as plain values, ready to be written as a line. ServerLogHandler makes it; LogLine writes it.

internal import Logging

struct LogRecord: Sendable {
    /// Nanoseconds since 1970 in UTC.
    var unixNanoseconds: Int64
    var level: Logger.Level
    /// The logger's label.
    var logger: String
    var message: String
    /// Sorted by name, so that lines compare.
    var fields: [(name: String, value: Logger.MetadataValue)]
}

/// A point of time as text, without Foundation: this runs for each line, on a loop's thread.
enum Timestamp {
    static let textBytes = 24

    /// Appends `2026-01-31T23:59:59.999Z`. Years before 1970 and after 9999 are not meant to come here.
    static func append(_ unixNanoseconds: Int64, to bytes: inout [UInt8]) {
        let milliseconds = max(0, unixNanoseconds) / 1_000_000
        let seconds = milliseconds / 1000
        let (year, month, day) = civil(days: Int(seconds / 86_400))
        let second = Int(seconds % 86_400)
        append(year, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(day, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        append(second / 3600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(second / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(second % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        append(Int(milliseconds % 1000), digits: 3, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    private static func append(_ number: Int, digits: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }

    /// The date of a day counted from 1970-01-01, by 400-year eras that begin in March, so that a leap day ends a year.
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
