// Collects a response's status line and headers, line by line as curl hands them over. Pure.

/// The headers of a response, in the order they came.
package struct HTTPHeaders: Sendable {
    /// Names are in small letters.
    package private(set) var fields: [(name: String, value: String)] = []

    package init() {}

    /// The value of the first header named `name`, in any case.
    package subscript(name: String) -> String? {
        let name = name.lowercased()
        return fields.first { $0.name == name }?.value
    }

    mutating func append(_ name: String, _ value: String) { fields.append((name, value)) }
}

/// A response's head while it arrives.
struct ResponseHead {
    enum Failure: Error {
        case tooLarge
    }

    private(set) var status = 0
    private(set) var headers = HTTPHeaders()
    /// The empty line came, and the response is no interim one (1xx). What comes later are trailers, which nobody
    /// reads.
    private(set) var isComplete = false
    private var bytes = 0
    private let bytesMax: Int

    init(bytesMax: Int = HTTPClientLimits.responseHeaderBytesMax) { self.bytesMax = bytesMax }

    /// Takes one line with its end.
    mutating func take(_ line: UnsafeRawBufferPointer) throws(Failure) {
        // Trailers count too: a server must not send them for ever.
        bytes += line.count
        guard bytes <= bytesMax else { throw .tooLarge }
        guard !isComplete else { return }
        var end = line.count
        while end > 0, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
        // By bytes below: a provider sends twenty lines with every answer.
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: line[0..<end]), as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // curl has checked the line.
            status = text.utf8.split(separator: 0x20).dropFirst().first.flatMap { Int(Substring($0)) } ?? 0
            headers = HTTPHeaders()
        } else if text.isEmpty {
            isComplete = status >= 200
        } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let value = text.utf8[text.utf8.index(after: colon)...].drop { $0 == 0x20 || $0 == 0x09 }
            headers.append(text[..<colon].lowercased(), String(Substring(value)))
        }
    }
}
