// The rules for ids, names and labels that callers give. Pure; used by turns, sessions and locks.

/// Checks names. Each check throws `invalidArgument` with a reason that names the field and a message that names the
/// rule.
package struct IdentifierRules {
    let limits: EngineLimits

    /// True for an id that callers may use: another program may have given a session one that they may not.
    package static func isSessionID(_ id: String, limits: EngineLimits = EngineLimits()) -> Bool {
        do throws(EngineError) {
            try IdentifierRules(limits: limits).checkSessionID(id)
            return true
        } catch {
            return false
        }
    }

    func checkSessionID(_ id: String) throws(EngineError) {
        try checkIdentifier(id, field: "session id", reason: "SESSION_ID", bytesMax: limits.identifierBytesMax)
    }

    func checkTurnID(_ id: String) throws(EngineError) {
        try checkIdentifier(id, field: "turn id", reason: "TURN_ID", bytesMax: limits.identifierBytesMax)
    }

    /// A user id may be empty: a platform with one user has none.
    func checkUserID(_ id: String) throws(EngineError) {
        if id.isEmpty { return }
        try checkIdentifier(id, field: "user id", reason: "USER_ID", bytesMax: limits.identifierBytesMax)
    }

    func checkLockName(_ name: String) throws(EngineError) {
        try checkIdentifier(name, field: "lock name", reason: "LOCK_NAME", bytesMax: limits.lockNameBytesMax)
    }

    /// One spelling of 128 bits, so that nobody uses a name or a counter, which others can guess.
    func checkLockToken(_ token: String) throws(EngineError) {
        let isHexadecimal = token.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard token.utf8.count == 32, isHexadecimal else {
            throw .invalidArgument(
                "LOCK_TOKEN", "the lock token must be 128 random bits as 32 lower-case hexadecimal digits")
        }
    }

    func checkTitle(_ title: String) throws(EngineError) {
        try checkText(title, field: "title", reason: "TITLE", bytesMax: limits.titleBytesMax)
        if title.allSatisfy(\.isWhitespace) {
            throw .invalidArgument("TITLE", "the title is empty; give it at least one letter")
        }
    }

    func checkOwnerLabel(_ label: String) throws(EngineError) {
        try checkText(label, field: "owner label", reason: "OWNER_LABEL", bytesMax: limits.lockOwnerLabelBytesMax)
    }

    func checkLabels(_ labels: [String: String]) throws(EngineError) {
        guard labels.count <= limits.labelsMax else {
            throw .invalidArgument("LABELS", "\(labels.count) labels, the limit labelsMax is \(limits.labelsMax)")
        }
        for (name, value) in labels {
            try checkText(name, field: "label's name", reason: "LABELS", bytesMax: limits.labelNameBytesMax)
            if name.isEmpty { throw .invalidArgument("LABELS", "a label has no name; it has 1 byte at least") }
            try checkText(value, field: "label's value", reason: "LABELS", bytesMax: limits.labelValueBytesMax)
        }
    }

    func checkModelName(_ name: String) throws(EngineError) {
        try checkText(name, field: "model name", reason: "MODEL", bytesMax: limits.modelNameBytesMax)
        if name.isEmpty {
            throw .invalidArgument("MODEL", "the model name is empty; leave it out for the configured one")
        }
    }

    // MARK: Two kinds of text

    /// Ids become keys of stores and words of logs, so they hold no control characters, spaces or braces.
    private func checkIdentifier(
        _ text: String, field: String, reason: String, bytesMax: Int
    ) throws(EngineError) {
        let count = text.utf8.count
        guard count > 0 else { throw .invalidArgument(reason, "the \(field) is empty; it has 1 to \(bytesMax) bytes") }
        guard count <= bytesMax else {
            throw .invalidArgument(reason, "the \(field) has \(count) bytes; it has 1 to \(bytesMax) bytes")
        }
        for scalar in text.unicodeScalars where !Self.isAllowed(scalar) {
            throw .invalidArgument(
                reason,
                "the \(field) holds \(Self.name(of: scalar)); control characters, spaces and braces are not allowed")
        }
    }

    private func checkText(_ text: String, field: String, reason: String, bytesMax: Int) throws(EngineError) {
        let count = text.utf8.count
        guard count <= bytesMax else {
            throw .invalidArgument(reason, "the \(field) has \(count) bytes, the limit is \(bytesMax)")
        }
        for scalar in text.unicodeScalars where Self.isControl(scalar) {
            throw .invalidArgument(reason, "the \(field) holds \(Self.name(of: scalar)), a control character")
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return scalar.value > 0x20 && scalar.value != 0x7F && scalar != "{" && scalar != "}"
        }
        return !isControl(scalar) && !scalar.properties.isWhitespace
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        // U+2028 and U+2029 end lines in logs and terminals although they are no control characters by category.
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }

    private static func name(of scalar: Unicode.Scalar) -> String {
        "U+" + String(scalar.value, radix: 16, uppercase: true)
    }
}
