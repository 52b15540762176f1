// The two C programs of PowerLoss/, built once a run, a folder for each test, and where chatd is.

import EngineConformance
import Glibc
import Testing

enum Tools {
    /// The library that is preloaded.
    static func powerLoss() async throws -> String { try await built.get().library }

    /// The small program on SQLite alone.
    static func sqlitePeer() async throws -> String { try await built.get().peer }

    private struct Built: Sendable {
        var library: String
        var peer: String
    }
    /// Begun by the first test that asks.
    private static let built = BuildOnce()
    private struct BuildOnce {
        private let task = Task<Built, any Error> { try await build() }
        func get() async throws -> Built { try await task.value }
    }

    private static let testsFolder: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        return parts.joined(separator: "/")
    }()

    private static func build() async throws -> Built {
        let source = testsFolder + "/CrashTests/PowerLoss/"
        let target = testsFolder + "/../.build/powerloss/"
        mkdir(testsFolder + "/../.build", 0o755)
        mkdir(target, 0o755)
        let flags = ["-O1", "-Wall", "-Wextra", "-Werror"]
        // Written beside and renamed: another test process may be using it.
        let name = "powerloss-\(getpid()).so"
        try await compile(flags + ["-shared", "-fPIC", "-o", target + name, source + "powerloss.c"])
        let peer = "sqlitepeer-\(getpid())"
        try await compile(flags + ["-o", target + peer, source + "sqlitepeer.c", "-lsqlite3"])
        let built = Built(library: target + "powerloss.so", peer: target + "sqlitepeer")
        rename(target + name, built.library)
        rename(target + peer, built.peer)
        return built
    }

    private static func compile(_ arguments: [String]) async throws {
        let end = try await RunningProgram.run("cc", arguments)
        guard end.status == 0 else {
            throw RunningProgram.Failure(description: "cc \(arguments.joined(separator: " ")): \(end.output)")
        }
    }

    /// What PRAGMA integrity_check says of a database, asked of a copy, since opening it would recover it. "ok" for a
    /// sound one, and for none.
    static func integrity(of database: String, in folder: TestFolder) async throws -> String {
        let copy = folder.path + "/copy.db"
        for suffix in ["", "-wal", "-journal"] {
            unlink(copy + suffix)
            try FileBytes.copy(database + suffix, to: copy + suffix)
        }
        guard FileBytes.exists(copy) else { return "ok" }
        let end = try await RunningProgram.run(try await sqlitePeer(), ["check", copy])
        return end.output.trimmed
    }
}

extension String {
    /// Without the line's end.
    fileprivate var trimmed: String { hasSuffix("\n") ? String(dropLast()) : self }
}

/// A folder that is gone after the test.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/chat-crash-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { unlink(path + "/" + name) }
        }
        closedir(folder)
        rmdir(path)
    }
}

/// Where the programs are: beside the test bundle, which this process runs, unless CHAT_CRASH_PROGRAMS names a folder.
enum BuiltPrograms {
    static func path(of name: String) -> String {
        if let folder = getenv("CHAT_CRASH_PROGRAMS") { return String(cString: folder) + "/" + name }
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlink("/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        precondition(count > 0, "/proc/self/exe is this process's program")
        let folder = buffer[..<count].lastIndex(of: UInt8(ascii: "/"))!
        return String(decoding: buffer[...folder], as: UTF8.self) + name
    }
}
