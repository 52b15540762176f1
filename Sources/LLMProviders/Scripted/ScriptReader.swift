// Reads the members of one object of a script and complains with the place. Pure.

internal import JSON

/// One object of a script.
struct ScriptReader {
    /// For error messages, such as `answer 3`.
    let place: String
    private let value: JSONValue

    init(_ value: JSONValue, at place: String) {
        self.value = value
        self.place = place
    }

    subscript(key: String) -> JSONValue? { value[key] }

    func fault(_ key: String, _ rule: String) -> ModelSetupError {
        ModelSetupError(.invalidScript, "\(place): \(key) \(rule)")
    }

    /// Refuses what is no object, and members with other names: they are misspelt, and would be missed in silence.
    func allow(_ keys: String...) throws(ModelSetupError) {
        guard let members = value.members else {
            throw ModelSetupError(.invalidScript, "\(place) is not a JSON object")
        }
        for member in members where !keys.contains(member.key) {
            throw fault("\"\(Self.shown(member.key))\"", "is not known here; there are \(keys)")
        }
    }

    /// The beginning of a name on one line.
    private static func shown(_ name: String) -> String {
        let scalars = name.unicodeScalars.prefix(40).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
        return String(String.UnicodeScalarView(scalars))
    }

    func text(_ key: String) throws(ModelSetupError) -> String? {
        guard let value = value[key] else { return nil }
        guard let text = value.string else { throw fault(key, "is a string") }
        return text
    }

    func list(_ key: String) throws(ModelSetupError) -> [JSONValue]? {
        guard let value = value[key] else { return nil }
        guard let elements = value.elements else { throw fault(key, "is a list") }
        return elements
    }

    func texts(_ key: String) throws(ModelSetupError) -> [String]? {
        guard let elements = try list(key) else { return nil }
        var texts: [String] = []
        for element in elements {
            guard let text = element.string else { throw fault(key, "is a list of strings") }
            texts.append(text)
        }
        return texts
    }

    func flag(_ key: String) throws(ModelSetupError) -> Bool {
        guard let value = value[key] else { return false }
        guard let flag = value.bool else { throw fault(key, "is true or false") }
        return flag
    }

    func pause(_ key: String) throws(ModelSetupError) -> Duration? {
        guard let value = value[key] else { return nil }
        guard let milliseconds = value.double, milliseconds >= 0,
            milliseconds <= Double(ModelScript.pauseMillisecondsMax)
        else { throw fault(key, "is a number from 0 to \(ModelScript.pauseMillisecondsMax)") }
        return .microseconds(Int64(milliseconds * 1000))
    }
}
