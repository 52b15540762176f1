// Tokens that tell when the model sent them, so that whoever reads them on the same machine knows how long they took.

internal import Glibc

/// `@` and 20 digits: nanoseconds of CLOCK_MONOTONIC. Of one length, so that a plan has room for it before it is known.
package enum FakeModelStamp {
    package static let mark: Character = "@"
    static let digits = 20
    /// The token before it is stamped. It has no age.
    static let blank = "\(mark)" + String(repeating: "0", count: digits) + " "

    /// Where the digits of the first blank stamp lie in these bytes.
    static func place(in bytes: [UInt8]) -> Int? {
        let blank = Array(blank.utf8)
        return bytes.indices.dropLast(blank.count - 1).first { bytes[$0...].starts(with: blank) }.map { $0 + 1 }
    }

    /// Writes the time into the digits that begin at `place`.
    static func write(into bytes: inout [UInt8], at place: Int) {
        var rest = now
        for index in (place..<place + digits).reversed() {
            bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    /// How many nanoseconds ago each stamped token in a piece of an answer was sent.
    package static func ages(in text: String) -> [UInt64] {
        let now = now
        return text.split(separator: " ").compactMap { word in
            guard word.first == mark, word.utf8.count == digits + 1, let sent = UInt64(word.dropFirst()) else {
                return nil
            }
            return sent > 0 && sent <= now ? now - sent : nil
        }
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
