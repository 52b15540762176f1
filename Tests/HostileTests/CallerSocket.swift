// A caller that is nothing but a socket: it writes frames by hand, reads when it is told to, and hangs up in every way
// there is.

import ConformancePeer
import Glibc
import Testing

/// A connected socket, in blocking mode with time limits. Closed by `hangUp` or with its last reference.
final class CallerSocket {
    /// How a caller leaves.
    enum HangUp: String, CaseIterable, Sendable {
        /// Closes its socket: FIN.
        case finish
        /// Closes it with a reset: RST.
        case reset
        /// Stays, and sends a CANCEL frame.
        case cancel
    }

    private var descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafeBytes(of: &name) { bytes in
            connect(descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        try #require(result == 0, "the server takes connections")
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func send(_ bytes: [UInt8]) throws {
        try #require(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    /// Asks for a streamed answer, with whatever else the request should have.
    func streamChat(_ message: String, session: String, id: UInt32 = 1) throws {
        try send(
            HandWritten.request(
                id: id, service: "chat.v1.ChatService", "StreamChat",
                HandWritten.field(1, message) + HandWritten.field(2, session)))
    }

    /// The next frame; nil at the end of the connection.
    func frame() throws -> RawFrame? {
        guard let header = try read(10) else { return nil }
        let length = header[0..<4].reduce(0) { $0 << 8 | Int($1) }
        let id = header[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard let payload = try read(length) else { return nil }
        return RawFrame(id: id, type: header[8], flags: header[9], payload)
    }

    private func read(_ count: Int) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var have = 0
        while have < count {
            let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + have, count - have, 0) }
            if got == 0 || got < 0 && errno == ECONNRESET { return nil }
            try #require(got > 0, "the server sends something or closes")
            have += got
        }
        return bytes
    }

    func hangUp(_ manner: HangUp, id: UInt32 = 1) throws {
        switch manner {
        case .finish: break
        case .reset:
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        case .cancel: return try send(HandWritten.frame(id: id, type: 0x80))
        }
        close(descriptor)
        descriptor = -1
    }
}
