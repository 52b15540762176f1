// Reads the YAML file. Blocking is fine: it is done once, before the first loop starts.

internal import Configuration
internal import Glibc
internal import Synchronization

/// A file of settings: one mapping from names to values, or to lists for settings that may be given more than once.
struct ConfigurationFile: Sendable {
    /// A hand-written file is far smaller; a larger one is the wrong file.
    private static let bytesMax = 256 << 10

    let path: String
    let snapshot: any ConfigSnapshot
    /// Every key that the file holds, nested ones with dots, sorted.
    let keys: [String]

    /// Fails with one problem, which names the file.
    init(path: String) throws(ConfigurationProblem) {
        let bytes = try Self.read(path)
        do {
            try self.init(path: path, bytes: bytes)
        } catch {
            // The parser's first line names the place; the lines after it repeat the file's text, which may be secret.
            let reason = String(describing: error).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            throw ConfigurationProblem(
                origin: Redaction.shown(path), message: "is no YAML file of settings: \(Redaction.shown(reason))")
        }
    }

    init(path: String, bytes: [UInt8]) throws {
        self.path = path
        if Self.holdsOnlyComments(bytes) {
            snapshot = InMemoryProvider(values: [:]).snapshot()
            keys = []
            return
        }
        // The snapshot lists no keys, but while it parses it asks this closure about each.
        let found = FoundKeys()
        let options = YAMLSnapshot.ParsingOptions(
            secretsSpecifier: .dynamic { key, _ in
                found.insert(key)
                return true
            })
        snapshot = try YAMLSnapshot(data: bytes.span.bytes, providerName: path, parsingOptions: options)
        keys = found.sorted()
    }

    private static func holdsOnlyComments(_ bytes: [UInt8]) -> Bool {
        bytes.split(separator: UInt8(ascii: "\n")).allSatisfy { line in
            let first = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\t") }
            return first == nil || first == UInt8(ascii: "#")
        }
    }

    private static func read(_ path: String) throws(ConfigurationProblem) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ConfigurationProblem(origin: Redaction.shown(path), message: "cannot be opened: \(lastError())")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= bytesMax {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw ConfigurationProblem(origin: Redaction.shown(path), message: "cannot be read: \(lastError())")
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        throw ConfigurationProblem(origin: Redaction.shown(path), message: "is larger than \(ByteCount.show(bytesMax))")
    }

    private static func lastError() -> String {
        String(cString: strerror(errno))
    }
}

/// Collects keys while the parser runs.
private final class FoundKeys: Sendable {
    private let keys = Mutex<Set<String>>([])

    func insert(_ key: String) {
        keys.withLock { _ = $0.insert(key) }
    }

    func sorted() -> [String] {
        keys.withLock { $0.sorted() }
    }
}
