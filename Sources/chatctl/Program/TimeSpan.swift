// Lengths of time on the command line.

internal import ArgumentParser

/// A time such as `500ms`, `30s`, `5m` or `2h`: a whole number and its unit.
struct TimeSpan: ExpressibleByArgument, Sendable, CustomStringConvertible {
    let duration: Duration
    let description: String

    /// Longer than any limit of the server, and far from overflow.
    private static let secondsMax: Int64 = 366 * 86_400
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let unit = Self.units.first { $0.suffix == argument.dropFirst(digits.count) }
        guard let number = Int64(digits), let unit, number <= Self.secondsMax * 1000 / unit.milliseconds else {
            return nil
        }
        duration = .milliseconds(number * unit.milliseconds)
        description = argument
    }

    var defaultValueDescription: String { description }
}

extension TimeSpan: ExpressibleByStringLiteral {
    init(stringLiteral text: String) {
        guard let span = TimeSpan(argument: text) else { preconditionFailure("\(text) is a number and a unit") }
        self = span
    }
}
