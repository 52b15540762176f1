// The keys and addresses of model providers, read once from the variables that everybody uses for them.

/// A text that is never shown: interpolated or reflected it prints as `***`.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself, for the one place that sends it.
    package let value: String

    package init(_ value: String) { self.value = value }

    package var description: String { Redaction.mark }
    package var debugDescription: String { Redaction.mark }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Keys and base addresses of the model providers; nil where the variable is not set or empty.
package struct ModelCredentials: Sendable, Equatable {
    package var openAIKey: Secret?
    package var openAIBaseURL: String?

    package init() {}

    /// Takes them from `OPENAI_API_KEY` and `OPENAI_BASE_URL`.
    package init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        openAIKey = value("OPENAI_API_KEY").map(Secret.init)
        openAIBaseURL = value("OPENAI_BASE_URL")
    }
}
