// Peers that attack, stop reading, hang up or come while the server goes: real programs on loopback, and figures.
//
// In the ordinary tests the attacks are small, on the chatd that was built beside them. `verify` in this folder repeats
// them on a release chatd (CHAT_PROGRAMS) at full size (CHAT_HOSTILE_FULL=1), and `soak` runs the mixed load for
// twenty minutes (CHAT_SOAK_SECONDS).

import Glibc
import ProgramSupport
import Testing

/// The root of this folder's suites: one after the other, since each measures a server.
@Suite("Hostile and tired peers", .serialized, .timeLimit(.minutes(30)))
enum Hostile {
    /// True in the long tier.
    static let isFull = getenv("CHAT_HOSTILE_FULL") != nil

    /// What a run of this size uses.
    static func size(short: Int, full: Int) -> Int { isFull ? full : short }

    /// A number that the environment sets.
    static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    /// One line a figure, so that they can be found in a log.
    static func show(_ figure: String) { print("hostile: \(figure)") }

    /// What every chatd here is started with: nothing that a log line a call would add to what is measured.
    static let flags = ["--log-level", "warning"]
    /// Under a sanitizer memory is several times what it is, and no bound on it says anything.
    static let isSanitized = getenv("CHAT_SANITIZER") != nil
}

/// The server of a test, seen from outside.
struct ProcessWatch: Sendable {
    let process: Int32

    init(_ server: RunningServer) { process = server.program.process }

    /// Resident memory.
    var residentBytes: Int {
        get throws {
            let pages = try text("statm").split(separator: " ")[1]
            return try #require(Int(pages)) * sysconf(Int32(_SC_PAGESIZE))
        }
    }

    var descriptors: Int {
        get throws {
            let folder = try #require(opendir("/proc/\(process)/fd"), "the server is gone")
            defer { closedir(folder) }
            var count = -2  // "." and "..".
            while readdir(folder) != nil { count += 1 }
            return count
        }
    }

    /// Waits until so few descriptors are open.
    ///
    /// - Returns: false when there are more at the end of the time.
    func settles(at descriptors: Int, within limit: Duration = .seconds(15)) async throws -> Bool {
        let end = ContinuousClock.now + limit
        while try self.descriptors > descriptors {
            guard ContinuousClock.now < end else { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
        return true
    }

    private func text(_ name: String) throws -> String {
        let file = try #require(fopen("/proc/\(process)/\(name)", "r"), "the server is gone")
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

/// Times of many events, for their percentiles.
struct Latencies: Sendable {
    private var sorted: [Duration]

    init(_ durations: [Duration]) { sorted = durations.sorted() }

    var count: Int { sorted.count }

    /// The value that `part` of all do not pass; 1 is the largest.
    func percentile(_ part: Double) -> Duration {
        sorted.isEmpty ? .zero : sorted[Int((Double(sorted.count - 1) * part).rounded())]
    }
}

extension Duration {
    /// For figures: milliseconds with two places.
    var milliseconds: String {
        let hundredths = Int((self / .milliseconds(1) * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) ms"
    }
}
