// A file for one test, removed with it.

import Glibc
import Testing

/// A file with a text in it, which lives as long as the closure that uses it.
enum TemporaryFile {
    /// - Parameter body: given the file's path.
    static func with<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        var template = Array("/tmp/chatd-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(path) }
        let bytes = Array(text.utf8)
        let written = write(descriptor, bytes, bytes.count)
        close(descriptor)
        try #require(written == bytes.count)
        return try body(path)
    }
}
