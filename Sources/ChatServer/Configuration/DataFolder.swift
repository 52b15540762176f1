// Where a user's programs keep their data, by the XDG base directory rules.

enum DataFolder {
    /// chatd's database; nil where the environment names no absolute folder.
    static func database(_ environment: [String: String]) -> String? {
        func absolute(_ name: String) -> String? {
            environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        guard let folder = absolute("XDG_DATA_HOME") ?? absolute("HOME").map({ $0 + "/.local/share" }) else {
            return nil
        }
        return folder + "/chatd/chat.db"
    }
}
