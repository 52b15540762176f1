// The server as a process of this machine, read from /proc: which one it is, its CPU time, its memory.

internal import Glibc
internal import IOLoop

/// A process to measure.
struct ServerProcess: Sendable {
    let pid: Int32

    /// The process that was named, or the one that listens where the load goes; nil when it is another machine's, or
    /// another user's whose descriptors we may not see.
    static func find(named pid: Int32?, or server: String) -> ServerProcess? {
        if let pid {
            let process = ServerProcess(pid: pid)
            return process.cpuSeconds() == nil ? nil : process
        }
        guard case .host(let host, let port)? = Endpoint(server) else { return nil }
        guard host == "localhost" || host == "::1" || host.hasPrefix("127.") else { return nil }
        return listener(on: port).map(ServerProcess.init)
    }

    /// User and system time of all its threads since it started; nil when it is gone.
    func cpuSeconds() -> Double? {
        // The program's name, in brackets, may hold anything; the fields are counted from behind it.
        guard let text = ProcessFile.text("/proc/\(pid)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[name...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory in bytes.
    struct Memory: Sendable, Equatable {
        var residentBytes: Int
        /// The most that it ever was.
        var peakBytes: Int
    }

    /// Nil when it is gone.
    func memory() -> Memory? {
        guard let text = ProcessFile.text("/proc/\(pid)/status") else { return nil }
        var kilobytes: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == ":" || $0 == " " || $0 == "\t" })
            if words.count > 1, let number = Int(words[1]) { kilobytes[words[0]] = number }
        }
        guard let resident = kilobytes["VmRSS"], let peak = kilobytes["VmHWM"] else { return nil }
        return Memory(residentBytes: resident << 10, peakBytes: peak << 10)
    }

    // MARK: Who listens

    private static func listener(on port: UInt16) -> Int32? {
        let sockets = Set(["tcp", "tcp6"].flatMap { listeningInodes(in: "/proc/net/\($0)", port: port) })
        guard !sockets.isEmpty else { return nil }
        let links = Set(sockets.map { "socket:[\($0)]" })
        for entry in ProcessFile.entries(of: "/proc") {
            guard let pid = Int32(entry) else { continue }
            let folder = "/proc/\(pid)/fd"
            let holdsIt = ProcessFile.entries(of: folder).contains { descriptor in
                ProcessFile.link("\(folder)/\(descriptor)").map(links.contains) ?? false
            }
            if holdsIt { return pid }
        }
        return nil
    }

    private static func listeningInodes(in path: String, port: UInt16) -> [Substring] {
        let stateListen = "0A"
        guard let text = ProcessFile.text(path) else { return [] }
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == stateListen else { return nil }
            guard let hex = fields[1].split(separator: ":").last, UInt16(hex, radix: 16) == port else { return nil }
            return fields[9]
        }
    }
}

/// Reads what /proc shows.
private enum ProcessFile {
    /// The connections of a busy machine fill /proc/net/tcp with some megabytes.
    private static let bytesMax = 16 << 20

    static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < bytesMax {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func entries(of path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func link(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = bytes.withUnsafeMutableBytes { raw in
            raw.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink(path, $0, text.count) } ?? -1
            }
        }
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }
}
