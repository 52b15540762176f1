// The socket on loopback that callers talk to: a thread for each of them, since reads block.

import Glibc
import ProgramSupport
import Synchronization

/// Accepts until the process ends, or until it is closed.
final class RunnerSocket: Sendable {
    struct Failure: Error, CustomStringConvertible { let description: String }

    let port: UInt16
    private let descriptor: Int32
    private let book: RunBook
    private let connections = Atomic(0)
    private let closing = Mutex(false)

    /// A line is a few words.
    private static let lineBytesMax = 4096
    private static let backlog: Int32 = 64

    init(_ book: RunBook) throws {
        self.book = book
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, Self.backlog) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard code else { throw Failure(description: "no socket to listen on: \(String(cString: strerror(errno)))") }
        port = UInt16(bigEndian: name.sin_port)
        BackgroundThread.start { [self] in acceptAll() }
    }

    /// Ends the thread that accepts; it closes the descriptor.
    func close() {
        closing.withLock { $0 = true }
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private func acceptAll() {
        while !closing.withLock({ $0 }) {
            let connection = accept(descriptor, nil, nil)
            if connection < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                break
            }
            // A process that is started in between inherits it, which does no harm: callers close it, not the runner.
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            let number = connections.add(1, ordering: .relaxed).newValue
            book.began(number)
            BackgroundThread.start { [self] in serve(connection, number) }
        }
        Glibc.close(descriptor)
    }

    private func serve(_ connection: Int32, _ number: Int) {
        var on: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Self.lineBytesMax)
        var caller = "caller"
        reading: while received.count < Self.lineBytesMax {
            let count = read(connection, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            received += buffer[..<count]
            while let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + 1)
                if line.hasPrefix("name ") {
                    caller = String(line.dropFirst(5))
                } else if let answer = book.take(line, from: number, caller: caller) {
                    let bytes = Array((answer + "\n").utf8)
                    // Nobody is there to hear it any more.
                    guard send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
                        continue reading
                    }
                }
            }
        }
        Glibc.close(connection)
        book.ended()
    }
}
