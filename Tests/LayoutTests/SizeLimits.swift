// How long things may get before a reader loses the thread.

enum SizeLimits {
    /// Lines of a hand-written file.
    static let fileLinesMax = 700
    /// Lines of a function, from the line that names it to its closing brace.
    static let functionLinesMax = 70
    /// Columns of a line; the formatter's `lineLength` is the same.
    static let lineColumnsMax = 120
    /// Bytes of any file that no generator wrote: larger ones belong in a package or are made by a test.
    static let blobBytesMax = 200 * 1024
    /// Lines of README.md.
    static let readmeLinesMax = 150
}
