// Addresses: what users write (`Endpoint`) and what the kernel takes (`SocketAddress`).

internal import CLinux
internal import Glibc

/// Where to listen or connect, as a user writes it: `host:port`, `[::1]:port` or `unix:/path`.
package enum Endpoint: Sendable, Hashable, CustomStringConvertible {
    case host(String, port: UInt16)
    case unix(path: String)

    /// Reads the textual form; nil when it is none. Control characters are in none: the kernel and the resolver would
    /// see only what stands before a U+0000.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count < SocketAddress.unixPathBytesMax else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(digits)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        // Brackets are no part of a name, only around an address.
        guard !host.isEmpty, !host.utf8.contains(UInt8(ascii: "[")), !host.utf8.contains(UInt8(ascii: "]")) else {
            return nil
        }
        self = .host(String(host), port: port)
    }

    package var description: String {
        switch self {
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// A kernel address, by value.
package struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// `sun_path`'s size, with its final zero.
    static let unixPathBytesMax = 108

    /// The bytes of a `sockaddr_in`, `sockaddr_in6` or `sockaddr_un`.
    private let bytes: [UInt8]

    package init(_ pointer: UnsafeRawBufferPointer) {
        bytes = [UInt8](pointer)
    }

    /// A Unix socket's address.
    package init(unixPath path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let utf8 = Array(path.utf8)
        precondition(utf8.count < Self.unixPathBytesMax, "a Unix socket's path is at most 107 bytes")
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: utf8) }
        bytes = withUnsafeBytes(of: &address) { [UInt8]($0) }
    }

    /// An IPv4 or IPv6 address in digits; nil for a name.
    package init?(numericHost host: String, port: UInt16) {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            bytes = withUnsafeBytes(of: &four) { [UInt8]($0) }
        } else if inet_pton(AF_INET6, host, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            bytes = withUnsafeBytes(of: &six) { [UInt8]($0) }
        } else {
            return nil
        }
    }

    package var family: Int32 {
        bytes.withUnsafeBytes { Int32($0.loadUnaligned(as: sa_family_t.self)) }
    }

    /// The port; 0 for a Unix socket.
    package var port: UInt16 {
        guard family == AF_INET || family == AF_INET6 else { return 0 }
        return bytes.withUnsafeBytes { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) }
    }

    /// True where plain text does not leave the machine: 127.0.0.0/8, ::1 and Unix sockets.
    package var isLoopback: Bool {
        switch family {
        case AF_UNIX: return true
        case AF_INET: return bytes[4] == 127
        case AF_INET6:
            let address = bytes[8..<24]
            if address.dropLast().allSatisfy({ $0 == 0 }) { return address.last == 1 }
            // An IPv4 address in IPv6's clothes.
            return address.prefix(10).allSatisfy { $0 == 0 } && bytes[18] == 0xFF && bytes[19] == 0xFF
                && bytes[20] == 127
        default: return false
        }
    }

    package var description: String {
        switch family {
        case AF_UNIX:
            let path = bytes.dropFirst(2).prefix { $0 != 0 }
            return "unix:\(String(decoding: path, as: UTF8.self))"
        case AF_INET:
            return "\(bytes[4]).\(bytes[5]).\(bytes[6]).\(bytes[7]):\(port)"
        default:
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let isFormatted = bytes.withUnsafeBytes { raw in
                raw.baseAddress.map { inet_ntop(AF_INET6, $0 + 8, &text, socklen_t(INET6_ADDRSTRLEN)) != nil } ?? false
            }
            let host =
                isFormatted
                ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "?"
            return "[\(host)]:\(port)"
        }
    }

    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { preconditionFailure("an address is never empty") }
            return body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
    }

    /// Calls `fill` with room for any address and reads what it wrote.
    static func reading(_ fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32)
        -> SocketAddress?
    {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { raw in
            guard let base = raw.baseAddress, fill(base.assumingMemoryBound(to: sockaddr.self), &length) >= 0 else {
                return nil
            }
            let count = min(Int(length), raw.count)
            // An unnamed Unix peer gives the family alone.
            return SocketAddress(UnsafeRawBufferPointer(rebasing: raw[0..<max(count, 2)]))
        }
    }
}
