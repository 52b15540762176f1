// What a response's headers say about trying again. Pure.

/// A provider's wishes.
struct RetryHints: Equatable {
    /// How long to wait; nil when it did not say, or said it in words that nobody can read.
    var retryAfter: Duration?
    /// `x-should-retry`, which overrules the status.
    var shouldRetry: Bool?

    init(retryAfter: Duration? = nil, shouldRetry: Bool? = nil) {
        self.retryAfter = retryAfter
        self.shouldRetry = shouldRetry
    }

    /// Reads the headers that `header` finds. `retry-after-ms` is finer and wins over `retry-after`.
    ///
    /// - Parameter unixSeconds: now, since `retry-after` may be a date.
    init(unixSeconds: Int64, _ header: (String) -> String?) {
        switch header("x-should-retry")?.lowercased() {
        case "true": shouldRetry = true
        case "false": shouldRetry = false
        default: break
        }
        if let milliseconds = Self.number(header("retry-after-ms")) {
            retryAfter = .nanoseconds(Int64(milliseconds * 1e6))
        } else if let value = header("retry-after") {
            if let seconds = Self.number(value) {
                retryAfter = .nanoseconds(Int64(seconds * 1e9))
            } else if let date = HTTPDate.unixSeconds(value) {
                retryAfter = .seconds(max(0, date - unixSeconds))
            }
        }
    }

    /// A number of seconds or milliseconds that is neither negative nor longer than a year.
    private static func number(_ text: String?) -> Double? {
        guard let text, let number = Double(text), number >= 0, number <= 86400 * 366 else { return nil }
        return number
    }
}

/// Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// Seconds since 1970; nil when `text` is no such date. The two obsolete formats are not read.
    static func unixSeconds(_ text: String) -> Int64? {
        let parts = text.lowercased().split(separator: " ")
        guard parts.count == 6, parts[5] == "gmt", let day = Int64(parts[1]), let year = Int64(parts[3]),
            let month = months.firstIndex(where: { $0 == parts[2] })
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, (1...31).contains(day), (1970...9999).contains(year), (0...23).contains(clock[0]),
            (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        return days(year: year, month: Int64(month + 1), day: day) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    /// Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that leap days come last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = marchYear / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
