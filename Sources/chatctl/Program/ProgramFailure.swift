// What ends a verb without success and is no failed call.

/// An end with a code and, unless it is silent, words for standard error.
struct ProgramFailure: Error {
    var status: Int32
    /// Empty where everything was said already.
    var words: String

    init(_ status: ExitStatus, _ words: String = "") {
        self.init(status: status.rawValue, words)
    }

    init(status: Int32, _ words: String = "") {
        self.status = status
        self.words = words
    }
}
