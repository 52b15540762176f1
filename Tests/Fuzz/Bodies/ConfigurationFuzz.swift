// chatd's flags, variables and file together: a configuration or problems of one line each, and what took effect, given
// back as flags, makes the same configuration.

import Glibc

@testable import ChatServer
@testable import IOLoop

enum ConfigurationFuzz {
    /// One argument a line, up to a zero byte; lines that begin with CHATD_ are variables. After the zero byte comes
    /// the file.
    static func run(_ input: UnsafeRawBufferPointer) throws {
        let parts = Array(input).split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        var arguments: [String] = []
        var environment = ["HOME": "/fuzz"]
        for line in String(decoding: parts[0], as: UTF8.self).split(separator: "\n").map(String.init) {
            if line.hasPrefix("CHATD_"), line != "CHATD_CONFIG", let equals = line.firstIndex(of: "=") {
                environment[String(line[..<equals])] = String(line[line.index(after: equals)...])
            } else {
                arguments.append(line)
            }
        }
        // The machine's own files stay out of it.
        guard !arguments.contains(where: { $0.hasPrefix("--config") }), environment["CHATD_CONFIG"] == nil else {
            return
        }
        if parts.count == 1 { return try check(arguments, environment) }
        try MemoryFile.with(Array(parts[1])) { path in try check(["--config", path] + arguments, environment) }
    }

    private static func check(_ arguments: [String], _ environment: [String: String]) throws {
        switch ConfigurationLoader.load(arguments: arguments, environment: environment) {
        case .show(let text): try require(!text.isEmpty, "help is something to read")
        case .refuse(let problems):
            try require(!problems.isEmpty, "a refusal says why")
            for problem in problems {
                try require(isOneLine(problem.description), "a problem is one line: \(problem)")
                try require(problem.description.count < 1_200, "a problem is short: \(problem)")
            }
        case .serve(let configuration, let effective): try givenBack(configuration, effective)
        }
    }

    private static func givenBack(_ configuration: ServerConfiguration, _ effective: [EffectiveSetting]) throws {
        let texts: Set<String> = [
            "listen", "model", "store", "stream-model", "system-prompt", "redis-ca-file", "redis-certificate-file",
            "redis-key-file",
        ]
        var flags = effective.filter { !texts.contains($0.name) }.map { "--\($0.name)=\($0.value)" }
        flags += configuration.listen.map { "--listen=\($0.endpoint)" }
        flags.append("--model=\(configuration.model)")
        switch configuration.store {
        case .memory: flags.append("--store=memory:")
        case .sqlite(let path): flags.append("--store=sqlite:\(path)")
        case .redis(let url): flags.append("--store=\(url)")
        }
        if let streamModel = configuration.streamModel { flags.append("--stream-model=\(streamModel)") }
        if let systemPrompt = configuration.systemPrompt { flags.append("--system-prompt=\(systemPrompt)") }
        let redis = configuration.redis
        for (name, file) in [
            ("ca", redis.authoritiesFile), ("certificate", redis.certificateFile), ("key", redis.keyFile),
        ] {
            if let file { flags.append("--redis-\(name)-file=\(file)") }
        }
        guard case .serve(let again, _) = ConfigurationLoader.load(arguments: flags, environment: [:]) else {
            throw BrokenProperty("what took effect can be given again: \(flags)")
        }
        try require(again == configuration, "and is the same: \(flags)")
        for setting in effective { try require(isOneLine(setting.value), "a setting is shown on one line: \(setting)") }
    }
}

/// A file that is nowhere on a disk.
enum MemoryFile {
    /// Calls `body` with a path that holds `bytes`.
    static func with(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let name = "/chat-fuzz-\(getpid())"
        let descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        precondition(descriptor >= 0, "a machine that fuzzes has memory for a small file")
        defer { close(descriptor) }
        shm_unlink(name)
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        precondition(count == bytes.count, "a file in memory takes all bytes at once")
        try body("/proc/self/fd/\(descriptor)")
    }
}
