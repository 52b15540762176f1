// Reads chatd's arguments. swift-configuration has a reader of its own, which passes over what it does not know, splits
// values at commas and takes every word after a flag as its value; an operator's typing error must be found instead.

/// The arguments by setting.
struct CommandLineFlags: Sendable, Equatable {
    /// The texts given, by the setting's name.
    var values: [String: [String]] = [:]
    var asksForHelp = false
    var asksForVersion = false
    var problems: [ConfigurationProblem] = []

    /// - Parameter arguments: without the program's name.
    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--help" || argument == "-h" {
                asksForHelp = true
            } else if argument == "--version" {
                asksForVersion = true
            } else if argument.hasPrefix("--") {
                take(argument, &rest)
            } else {
                // Not repeated in the message: it may be a key that lost its flag.
                let position = arguments.count - rest.count
                problems.append(
                    ConfigurationProblem(
                        origin: nil,
                        message: "argument \(position) belongs to no flag: chatd takes flags only, see --help"))
            }
        }
    }

    private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) {
        let flag = argument.prefix(while: { $0 != "=" })
        let name = String(flag.dropFirst(2))
        guard let setting = name == SettingTable.config.name ? SettingTable.config : SettingTable.named(name) else {
            let shown = Redaction.shown(String(flag))
            problems.append(ConfigurationProblem(origin: shown, message: UnknownName.message(name, spelling: \.flag)))
            // What follows is most likely its value.
            if flag.count == argument.count, let next = rest.first, !next.hasPrefix("--") { rest = rest.dropFirst() }
            return
        }
        let value: String
        if flag.count < argument.count {
            value = String(argument.dropFirst(flag.count + 1))
        } else if setting.isSwitch {
            value = "true"
        } else if let next = rest.first, !next.hasPrefix("--") {
            value = next
            rest = rest.dropFirst()
        } else {
            problems.append(
                ConfigurationProblem(
                    origin: setting.flag, message: "needs a value: \(setting.flag) \(setting.placeholder)"))
            return
        }
        if values[name] != nil && !setting.isRepeatable {
            problems.append(ConfigurationProblem(origin: setting.flag, message: "is given more than once"))
        }
        values[name, default: []].append(value)
    }
}

/// Says what may have been meant by a name that no setting has.
enum UnknownName {
    /// Typing errors: beyond two edits a guess confuses more than it helps.
    private static let editsMax = 2

    /// - Parameter spelling: how the suggestion is written, as a flag, say.
    static func message(_ name: String, spelling: (SettingDescription) -> String) -> String {
        let settings = SettingTable.all + [SettingTable.config]
        let best = settings.map { ($0, edits(from: name, to: $0.name)) }.min { $0.1 < $1.1 }
        guard let best, best.1 <= editsMax else { return "is unknown: see --help" }
        return "is unknown: did you mean \(spelling(best.0))?"
    }

    /// The Levenshtein distance; far apart when the lengths already say so.
    private static func edits(from source: String, to target: String) -> Int {
        let source = Array(source.utf8)
        let target = Array(target.utf8)
        guard abs(source.count - target.count) <= editsMax else { return Int.max }
        var row = Array(0...target.count)
        for (line, byte) in source.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for column in target.indices {
                let substitution = diagonal + (byte == target[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substitution, row[column] + 1, diagonal + 1)
            }
        }
        return row[target.count]
    }
}
