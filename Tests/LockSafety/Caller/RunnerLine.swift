// The connection to the runner: the counters are asked for over it, and the history goes through it, so that what was
// said before a kill arrives.

import Glibc
import LockHistories

/// Blocks, which is fine here: this process does one thing at a time.
final class RunnerLine {
    struct Gone: Error {}

    private let descriptor: Int32
    private var received: [UInt8] = []

    /// Longer than the runner takes for anything; it may be a busy machine.
    private static let patienceSeconds = 60

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let code = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard code == 0 else { throw Gone() }
    }

    func say(_ line: String) throws {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Gone() }
            rest = rest.dropFirst(count)
        }
    }

    /// Says a line and waits for the answer to it.
    func ask(_ line: String) throws -> [String] {
        try say(line)
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let answer = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + 1)
                return answer.split(separator: " ").map(String.init)
            }
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Gone() }
            received += buffer[..<count]
        }
    }

    // MARK: What is asked

    /// True while there is more to do.
    func goesOn() throws -> Bool { try ask("next") == ["go"] }

    func read(_ key: String, fence: UInt64) throws -> CounterRegister.Values {
        let answer = try ask("read \(key) \(fence)").compactMap { Int($0) }
        guard answer.count == 2 else { throw Gone() }
        return CounterRegister.Values(fenced: answer[0], control: answer[1])
    }

    func write(_ key: String, _ values: CounterRegister.Values, fence: UInt64) throws -> Bool {
        try ask("write \(key) \(values.fenced) \(values.control) \(fence)") == ["taken"]
    }
}
