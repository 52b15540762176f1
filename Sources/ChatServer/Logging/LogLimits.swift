// How long a log line may be. What is cut is marked, so that nobody takes a part for the whole.

enum LogLimits {
    /// Bytes of a line with its newline: PIPE_BUF, up to which the kernel never mixes two writers' lines in a pipe.
    static let lineBytesMax = 4096
    /// Bytes of the message as written, escapes included.
    static let messageBytesMax = 2048
    /// Bytes of a logger's label and of a field's name as written.
    static let nameBytesMax = 128
    /// Bytes of one field's value as written, lists and dictionaries included.
    static let valueBytesMax = 1024
    /// Bytes of a JSON field: a name and a value with their quotes and signs. A list that is longer is left out whole,
    /// since half of one is no JSON.
    static let fieldBytesMax = nameBytesMax + valueBytesMax + 16
    /// Lists and dictionaries inside each other.
    static let depthMax = 4

    /// Bytes before the first field: a time, a level, the names and quotes around them, a label and a message. It is
    /// less than a line, so every line says when, how important and what, however long its fields are.
    static let headBytesMax = messageBytesMax + nameBytesMax + 128
}
