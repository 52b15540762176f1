// The head of a model server's response, line by line, and what its headers say about trying again.

@testable import HTTPClient
@testable import LLMProviders

enum HeadersFuzz {
    static func run(_ input: UnsafeRawBufferPointer) throws {
        var head = ResponseHead(bytesMax: 1_024)
        var bytesTaken = 0
        for line in Array(input).split(separator: 0x0A, omittingEmptySubsequences: false) {
            bytesTaken += line.count + 1
            do {
                try (Array(line) + [0x0A]).withUnsafeBytes { try head.take($0) }
            } catch is ResponseHead.Failure {
                return try require(bytesTaken > 1_024, "a head within the limit is taken")
            }
            try require(bytesTaken <= 1_024, "a head above the limit is refused")
        }
        for field in head.headers.fields {
            try require(field.name == field.name.lowercased(), "names are in small letters: \(field.name)")
            try require(head.headers[field.name.uppercased()] != nil || !isASCII(field.name), "found in any case")
        }
        let now: Int64 = 1_767_000_000
        let hints = RetryHints(unixSeconds: now) { head.headers[$0] }
        let longest = Duration.seconds(253_402_300_800)
        try require((.zero...longest).contains(hints.retryAfter ?? .zero), "a wait of \(hints.retryAfter ?? .zero)")
        try dates(String(decoding: input, as: UTF8.self))
    }

    private static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    private static func dates(_ text: String) throws {
        guard let seconds = HTTPDate.unixSeconds(text) else { return }
        try require((0...253_402_300_860).contains(seconds), "a date lies between 1970 and 9999: \(seconds)")
    }
}
