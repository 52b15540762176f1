// The three places that settings come from, the first that has one wins: flags, CHATD_ variables, the file.

internal import Configuration

/// What a layer gave for a setting.
struct GivenSetting: Sendable, Equatable {
    var texts: [String]
    /// The flag, the variable, or the file and the key.
    var origin: String
}

struct SettingLayers: Sendable {
    private let flags: any ConfigSnapshot
    private let variables: any ConfigSnapshot
    private let file: ConfigurationFile?

    /// - Parameter variables: those that begin with `CHATD_`.
    init(flags: CommandLineFlags, variables: [String: String], file: ConfigurationFile?) {
        let values = flags.values.map { name, texts in
            (AbsoluteConfigKey([name]), ConfigValue(.stringArray(texts), isSecret: true))
        }
        self.flags = InMemoryProvider(values: Dictionary(uniqueKeysWithValues: values)).snapshot()
        self.variables = EnvironmentVariablesProvider(environmentVariables: variables).snapshot()
        self.file = file
    }

    /// The texts of a setting from the first layer that has it; nil where none has. Empty variables and keys without a
    /// value count as not given, since templates of both leave them behind.
    func given(_ setting: SettingDescription) throws(ConfigurationProblem) -> GivenSetting? {
        if let texts = strings(flags, [setting.name]) {
            return GivenSetting(texts: texts, origin: setting.flag)
        }
        if let text = string(variables, ["chatd", setting.name]), !text.isEmpty {
            // Commas separate list elements in a variable, as nothing else can.
            let texts = setting.isRepeatable ? text.split(separator: ",").map(String.init) : [text]
            if !texts.isEmpty { return GivenSetting(texts: texts, origin: setting.variable) }
        }
        guard let file, file.keys.contains(setting.name) else { return nil }
        let origin = "\(Redaction.shown(file.path)): \(setting.name)"
        if let text = string(file.snapshot, [setting.name]) {
            return text.isEmpty ? nil : GivenSetting(texts: [text], origin: origin)
        }
        guard let texts = strings(file.snapshot, [setting.name]) else {
            throw ConfigurationProblem(origin: origin, message: "is neither a value nor a list of values")
        }
        guard setting.isRepeatable else {
            throw ConfigurationProblem(origin: origin, message: "is a list, and takes one value")
        }
        return texts.isEmpty ? nil : GivenSetting(texts: texts, origin: origin)
    }

    private func string(_ snapshot: any ConfigSnapshot, _ key: [String]) -> String? {
        // A list where a text is asked for throws; the caller asks for the list next.
        guard let value = try? snapshot.value(forKey: AbsoluteConfigKey(key), type: .string).value,
            case .string(let text) = value.content
        else { return nil }
        return text
    }

    private func strings(_ snapshot: any ConfigSnapshot, _ key: [String]) -> [String]? {
        guard let value = try? snapshot.value(forKey: AbsoluteConfigKey(key), type: .stringArray).value,
            case .stringArray(let texts) = value.content
        else { return nil }
        return texts
    }
}
