// The checksum by which a client knows that it has the whole text, or the whole file.

/// CRC-32 as in zlib, gzip and PNG: polynomial 0xEDB88320, reflected.
struct CRC32 {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
    }
    private var state: UInt32 = 0xFFFF_FFFF

    var value: UInt32 { state ^ 0xFFFF_FFFF }

    mutating func update(_ text: String) { update(text.utf8Span.span) }

    mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    private mutating func update(_ span: Span<UInt8>) {
        var state = state
        let table = Self.table.span
        for index in span.indices {
            state = table[Int((state ^ UInt32(span[index])) & 0xFF)] ^ (state >> 8)
        }
        self.state = state
    }
}
