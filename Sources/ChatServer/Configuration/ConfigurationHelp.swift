// The texts of `chatd --help` and `chatd --version`, from the table of settings.

enum ConfigurationHelp {
    static let version = "chatd \(Version.current)"

    static var text: String {
        var text = """
            chatd: a chat service over binary RPC. It prints "chatd listening on HOST:PORT" when it is ready.

            Usage: chatd --model SPEC [FLAG...]

            Each flag --some-name can also be the variable CHATD_SOME_NAME or the key some-name of a YAML file.
            A flag wins over a variable, a variable over the file. Times are written 500ms, 30s, 10m, 24h or 30d, sizes
            64KiB or 1MiB. The model's key is read from OPENAI_API_KEY, its base address from OPENAI_BASE_URL.

            """
        for setting in [SettingTable.config] + SettingTable.all {
            text += entry(setting)
        }
        text += """
              --help, --version
                  print this, or the version

            Exit codes: \(ExitCode.success) stopped as asked, \(ExitCode.configuration) wrong configuration (one line \
            for each problem), \(ExitCode.unavailable) could not serve.
            """
        return text
    }

    private static func entry(_ setting: SettingDescription) -> String {
        var notes: [String] = []
        if !setting.range.isEmpty { notes.append(setting.range) }
        if !setting.defaultText.isEmpty && !setting.isSwitch { notes.append("default \(setting.defaultText)") }
        let suffix = notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))"
        let placeholder = setting.isSwitch ? "" : " \(setting.placeholder)"
        return "  \(setting.flag)\(placeholder)\n      \(setting.help)\(suffix)\n"
    }
}
