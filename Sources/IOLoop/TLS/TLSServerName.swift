// The name that a client connects by, checked: OpenSSL gives some characters meanings of their own.

/// What a server's certificate must be for.
enum TLSServerName: Equatable {
    case host(String)
    /// An IPv4 or IPv6 address in digits.
    case address(String)

    private static let bytesMax = 253

    /// Nil for what is neither. A final dot goes: certificates have none.
    init?(_ text: String) {
        // With a final zero in it the C functions would see another text than we.
        guard !text.utf8.contains(0) else { return nil }
        if SocketAddress(numericHost: text, port: 0) != nil {
            self = .address(text)
            return
        }
        let name = text.hasSuffix(".") ? String(text.dropLast()) : text
        // A leading dot would mean "any name below" to OpenSSL, and a star is a matter of certificates.
        guard !name.isEmpty, name.utf8.count <= Self.bytesMax, name.utf8.allSatisfy(Self.isNameByte),
            name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ !$0.isEmpty })
        else { return nil }
        self = .host(name)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension TLSServerName: CustomStringConvertible {
    var description: String {
        switch self {
        case .host(let name), .address(let name): name
        }
    }
}
