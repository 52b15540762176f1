// The root of this folder's suites: one after the other, since each test starts several processes.

import Testing

@Suite("The programs, end to end", .serialized)
enum EndToEnd {
    /// Answers that tests use, as JSON of a scripted model.
    enum Answers {
        static let words = #"{"text": "alpha beta gamma"}"#
        /// Five words, slow enough to do something meanwhile.
        static let slow =
            #"{"tokens": ["one ", "two ", "three ", "four ", "five"], "interval_milliseconds": 300}"#
        /// Two words and then nothing until someone ends it.
        static let stalled = #"{"tokens": ["one ", "two"], "stall": true}"#
    }
}
