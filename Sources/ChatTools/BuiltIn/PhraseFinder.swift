// Finds any of some fixed phrases in a text, for the router. Pure. By bytes, because it runs on the loop for each
// question: by characters the same search took milliseconds.

/// A set of phrases to look for.
struct PhraseFinder: Sendable {
    private struct Span {
        var start: Int
        var end: Int
    }

    /// All phrases in UTF-8, ordered by their first byte.
    private let bytes: [UInt8]
    private let spans: [Span]
    /// For each first byte, which of `spans` begin with it.
    private let spansOfFirstByte: [Span]

    /// - Parameter phrases: in the form that `QuestionBytes` gives; none is empty.
    init(_ phrases: [String]) {
        var bytes: [UInt8] = []
        var spans: [Span] = []
        var table = [Span](repeating: Span(start: 0, end: 0), count: 256)
        let sorted = phrases.map { Array($0.utf8) }.sorted { $0[0] < $1[0] }
        for phrase in sorted {
            let first = Int(phrase[0])
            if table[first].end == 0 { table[first].start = spans.count }
            spans.append(Span(start: bytes.count, end: bytes.count + phrase.count))
            bytes.append(contentsOf: phrase)
            table[first].end = spans.count
        }
        self.bytes = bytes
        self.spans = spans
        spansOfFirstByte = table
    }

    /// True where `text` has one of the phrases.
    func isFound(in text: [UInt8]) -> Bool {
        text.indices.contains { length(in: text, at: $0) > 0 }
    }

    /// Overwrites every phrase in `text` with spaces.
    func blank(in text: inout [UInt8]) {
        var index = 0
        while index < text.count {
            let length = length(in: text, at: index)
            for place in index..<index + length { text[place] = 0x20 }
            index += max(1, length)
        }
    }

    /// How many bytes the phrase at `index` has; 0 where there is none.
    private func length(in text: [UInt8], at index: Int) -> Int {
        let candidates = spansOfFirstByte[Int(text[index])]
        for candidate in candidates.start..<candidates.end {
            let span = spans[candidate]
            let length = span.end - span.start
            guard index + length <= text.count else { continue }
            var offset = 1
            while offset < length, text[index + offset] == bytes[span.start + offset] { offset += 1 }
            if offset == length { return length }
        }
        return 0
    }
}

/// A question as `PhraseFinder` reads it: UTF-8 without white space, with plain apostrophes and whole syllables.
enum QuestionBytes {
    /// - Parameter question: in lower case.
    static func compact(_ question: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(question.utf8.count)
        var last: UInt32 = 0
        for scalar in question.unicodeScalars {
            let value = scalar.value
            if value < 0x80 {
                let isSpace = value == 0x20 || (0x09...0x0D).contains(value)
                if !isSpace { bytes.append(UInt8(value)) }
                last = value
                continue
            }
            // The ideographic space is the last white space there is.
            if value <= 0x3000, scalar.properties.isWhitespace {
                last = value
            } else if value == 0x2019 {
                bytes.append(UInt8(ascii: "'"))
                last = value
            } else if let syllable = syllable(last, value) {
                // Some systems write Korean in single letters. Every scalar concerned has three bytes.
                bytes.removeLast(3)
                bytes.append(contentsOf: UTF8.encode(syllable) ?? UTF8.encodedReplacementCharacter)
                last = syllable.value
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                last = value
            }
        }
        return bytes
    }

    /// What a Korean letter and the one before it make; nil when they stay apart. The arithmetic is Unicode's.
    private static func syllable(_ former: UInt32, _ letter: UInt32) -> Unicode.Scalar? {
        let isOpenSyllable = (0xAC00...0xD7A3).contains(former) && (former - 0xAC00) % 28 == 0
        if (0x1161...0x1175).contains(letter), (0x1100...0x1112).contains(former) {
            return Unicode.Scalar(0xAC00 + ((former - 0x1100) * 21 + (letter - 0x1161)) * 28)
        }
        if (0x11A8...0x11C2).contains(letter), isOpenSyllable {
            return Unicode.Scalar(former + letter - 0x11A7)
        }
        return nil
    }
}
