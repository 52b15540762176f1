// Fields of chatctl's JSON lines. A reader of a few lines: the tests ask for known keys of flat objects, and import no
// parser.

extension String {
    /// The text after `"key":` up to the next comma or brace, without quotes; nil where there is no such key.
    func field(_ key: String) -> String? {
        guard let start = firstRange(of: "\"\(key)\":")?.upperBound else { return nil }
        if self[start] == "\"" { return String(self[index(after: start)...].prefix { $0 != "\"" }) }
        return String(self[start...].prefix { $0 != "," && $0 != "}" })
    }

    /// As `field`, where it is a number.
    func number(_ key: String) -> Double? { field(key).flatMap(Double.init) }

    /// Its lines, without empty ones.
    var lines: [String] { split(separator: "\n").map(String.init) }
}
