// Standard output and standard error, written at once: print(_:) keeps a line in a buffer where standard output is a
// pipe, and scripts wait for the model's address.

internal import Glibc

enum Terminal {
    /// A line on standard output.
    static func writeLine(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// `chatbench: words` on standard error.
    static func say(_ words: String) { write("chatbench: \(words)\n", to: STDERR_FILENO) }

    /// Nobody can be told that this failed.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 {
                    if errno == EINTR { continue }
                    return
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}
