// A setting has one name and three spellings: `--write-timeout`, `CHATD_WRITE_TIMEOUT` and the file's `write-timeout`.

/// What a setting is called and does, without its value's type: for `--help` and for finding unknown names.
struct SettingDescription: Sendable, Equatable {
    /// Lower case words with hyphens.
    var name: String
    /// Stands for the value in `--help`; empty for a switch.
    var placeholder: String
    /// One sentence without a full stop.
    var help: String
    /// The default as it would be written.
    var defaultText: String
    /// What `--help` says of the range; empty for nothing.
    var range: String
    /// True where it may be given more than once.
    var isRepeatable: Bool

    var flag: String { "--" + name }
    var variable: String { "CHATD_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined() }
    /// True where the flag stands without a value.
    var isSwitch: Bool { placeholder.isEmpty }
}

/// Which of a setting's texts are bad, and why; never empty.
struct BadValues: Error {
    var values: [(text: String, reason: String)]
}

/// A setting with a value of one type. All of them are listed in SettingTable.
struct Setting<Value: Sendable>: Sendable {
    var name: String
    var help: String
    var defaultValue: Value
    var isRepeatable: Bool
    /// Reads all the texts given; more than one only where it is repeatable.
    var parse: @Sendable ([String]) throws(BadValues) -> Value
    var show: @Sendable (Value) -> String
    var description: SettingDescription

    /// A setting that is given once.
    init(_ name: String, _ format: SettingFormat<Value>, default defaultValue: Value, _ help: String) {
        self.init(
            name: name, help: help, defaultValue: defaultValue, isRepeatable: false, placeholder: format.placeholder,
            range: format.range, show: format.show
        ) { (texts: [String]) throws(BadValues) in
            let text = texts.first ?? ""
            do throws(BadValue) {
                return try format.parse(text)
            } catch {
                throw BadValues(values: [(text, error.reason)])
            }
        }
    }

    /// A setting that may be given more than once.
    init<Element: Sendable>(
        _ name: String, eachOf format: SettingFormat<Element>, default defaultValue: [Element], _ help: String
    ) where Value == [Element] {
        self.init(
            name: name, help: help, defaultValue: defaultValue, isRepeatable: true, placeholder: format.placeholder,
            range: format.range, show: { $0.map(format.show).joined(separator: ",") }
        ) { (texts: [String]) throws(BadValues) in
            var values: [Element] = []
            var bad: [(text: String, reason: String)] = []
            for text in texts {
                do throws(BadValue) {
                    values.append(try format.parse(text))
                } catch {
                    bad.append((text, error.reason))
                }
            }
            if !bad.isEmpty { throw BadValues(values: bad) }
            return values
        }
    }

    private init(
        name: String, help: String, defaultValue: Value, isRepeatable: Bool, placeholder: String, range: String,
        show: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable ([String]) throws(BadValues) -> Value
    ) {
        self.name = name
        self.help = help
        self.defaultValue = defaultValue
        self.isRepeatable = isRepeatable
        self.parse = parse
        self.show = show
        description = SettingDescription(
            name: name, placeholder: placeholder, help: help, defaultText: show(defaultValue), range: range,
            isRepeatable: isRepeatable)
    }
}
