// Backup, export and import with the programs themselves: what comes out goes in again, and nothing half has a whole
// one's name.

import Glibc
import ProgramSupport
import Testing

extension EndToEnd {
    @Suite("chatctl backup, export and import")
    struct TransferVerbTests {
        @Test("what one server exports another one imports, whatever its store is", arguments: [true, false])
        func exportAndImport(fromFile: Bool) async throws {
            let folder = try TemporaryFolder()
            let file = ["--store", "sqlite:\(folder.path)/a.db"]
            try await RunningServer.with(answers: Answers.words, fromFile ? file : []) { source in
                for id in ["s1", "s2", "s3", "s1"] {
                    _ = try await source.run("chat", "--session", id, "질문 \(id) \\\"\t")
                }
                _ = try await source.run("rename", "s2", "a title of its own")
                let exported = try await source.run("export")
                #expect(exported.status == 0)
                #expect(exported.output.lines.map { $0.field("session_id") } == ["s2", "s3", "s1"])
                try await RunningServer.with(fromFile ? [] : file) { target in
                    let dry = try await target.run("import", "--dry-run", input: exported.output)
                    #expect(dry.status == 0)
                    #expect(try await target.run("sessions").output == "")
                    let first = try await target.run("import", input: exported.output)
                    #expect(first.output == "3 sessions: 8 messages are there, 8 of them new\n")
                    #expect(try await target.run("export").output == exported.output)
                    let histories = try await (
                        source.run("history", "s1", "--json"), target.run("history", "s1", "--json")
                    )
                    #expect(histories.0.output == histories.1.output && histories.0.output.lines.count == 4)
                    let second = try await target.run("import", input: exported.output)
                    #expect(second.output == "3 sessions: 8 messages are there, 0 of them new\n")
                    let sessions = try await target.run("sessions", "--json")
                    #expect(sessions.output.lines.map { $0.field("id") } == ["s1", "s3", "s2"])
                    // An imported conversation goes on.
                    #expect(try await target.run("chat", "--session", "s2", "more").status == 0)
                    #expect(try await target.run("history", "s2", "--json").output.lines.count == 4)
                }
            }
        }

        @Test("an export to a file has its name when it is whole, and one session may be picked")
        func exportFile() async throws {
            let folder = try TemporaryFolder()
            let path = folder.path + "/export.jsonl"
            try await RunningServer.with(answers: Answers.words) { server in
                for id in ["s1", "s2"] { _ = try await server.run("chat", "--session", id, "q") }
                #expect(
                    try await server.run("export", "--session", "s2", path).output
                        == "\(path): 1 sessions, 2 messages\n")
                #expect(folder.names == ["export.jsonl"])
                #expect(try folder.mode(of: "export.jsonl") == 0o600)
                let again = try await server.run("export", path)
                #expect(again.status == 1 && again.errors.contains("--force"))
                #expect(try await server.run("export", "--force", "--json", path).output.field("sessions") == "2")
                #expect(try await server.run("import", path).status == 0)
                let missing = try await server.run("export", "--session", "none", folder.path + "/other")
                #expect(missing.status == 66)
                #expect(folder.names == ["export.jsonl"])
            }
        }

        @Test("lines that cannot be imported are told with their numbers, and the others go in")
        func badLines() async throws {
            let good = #"{"session_id": "good", "messages": [{"type": "human", "data": {"content": "hi"}}]}"#
            let lines = [
                "no json", #"["list"]"#, #"{"messages": []}"#, #"{"session_id": "x"}"#,
                #"{"session_id": "x", "messages": [{"type": "remove", "data": {"content": ""}}]}"#,
                #"{"session_id": "a b", "messages": [{"type": "human", "data": {"content": "hi"}}]}"#, "", good,
                #"{"session_id": "good", "messages": [{"type": "ai", "data": {"content": "other"}}]}"#,
                #"{"session_id": "long", "messages": [{"type": "human", "data": {"content": ""#
                    + String(repeating: "x", count: 70_000) + #""}}]}"#,
                #"{"session_id": "empty", "messages": []}"#,
            ]
            try await RunningServer.with { server in
                let end = try await server.run("import", input: lines.joined(separator: "\n"))
                #expect(end.status == 65)
                #expect(end.output == "1 sessions: 1 messages are there, 1 of them new\n")
                let told = end.errors.lines.compactMap { $0.firstMatch(of: /line (\d+):/)?.1 }.map(String.init)
                #expect(told == ["1", "2", "3", "4", "5", "6", "9", "10", "11"])
                #expect(end.errors.contains("65536") && end.errors.contains("9 lines failed"))
                let stopped = try await server.run("import", "--stop-at-first-error", input: "no json\n" + good)
                #expect(stopped.status == 65 && stopped.errors.contains("1 lines failed"))
                let dry = try await server.run("import", "--dry-run", "--json", input: lines[4] + "\n" + good)
                #expect(dry.status == 65)
                #expect(dry.output.lines.map { $0.field("line") } == ["1", "2"])
                #expect(try await server.run("import", "/no/such/file").status == 66)
            }
        }

        @Test("a conversation longer than a frame goes in, in parts")
        func longConversation() async throws {
            let text = String(repeating: "0123456789", count: 1000)
            let messages = (0..<300).map { index in
                #"{"type": "\#(index % 2 == 0 ? "human" : "ai")", "data": {"content": "\#(index) \#(text)"}}"#
            }
            let line = #"{"session_id": "long", "messages": [\#(messages.joined(separator: ","))]}"#
            let folder = try TemporaryFolder()
            let path = folder.path + "/long.jsonl"
            try await RunningServer.with { server in
                let first = try await server.run("import", input: line)
                #expect(first.output == "1 sessions: 300 messages are there, 300 of them new\n")
                #expect(try await server.run("export", path).output == "\(path): 1 sessions, 300 messages\n")
                let second = try await server.run("import", path)
                #expect(second.output == "1 sessions: 300 messages are there, 0 of them new\n")
            }
        }

        @Test("a backup made while turns run is a store with every turn that was answered before it")
        func backup() async throws {
            let folder = try TemporaryFolder()
            let copy = folder.path + "/copy.db"
            try await RunningServer.with(answers: Answers.words, ["--store", "sqlite:\(folder.path)/a.db"]) { server in
                #expect(try await server.run("import", input: Self.largeSession(messages: 30)).status == 0)
                for index in 0..<5 { _ = try await server.run("chat", "--session", "before", "question \(index)") }
                let before = try await server.run("history", "before", "--json").output
                _ = try await server.run("chat", "--session", "during", "the first")
                let backup = try server.start("backup", copy, "--json")
                var turns = 1
                while backup.snapshot.status == nil, turns < 100 {
                    _ = try await server.run("chat", "--session", "during", "question \(turns)")
                    turns += 1
                }
                let end = try await backup.end()
                #expect(end.status == 0 && end.output.field("file") == copy)
                #expect(try folder.mode(of: "copy.db") == 0o600)
                #expect(folder.names.filter { !$0.hasPrefix("a.db") } == ["copy.db"])
                #expect(!folder.names.contains { $0.contains("unfinished") })
                try await RunningServer.with(["--store", "sqlite:\(copy)"]) { restored in
                    #expect(try await restored.run("history", "before", "--json").output == before)
                    let during = try await restored.run("history", "during", "--json").output.lines.count
                    #expect(during % 2 == 0 && (2...2 * turns).contains(during))
                    #expect(try await restored.run("history", "large", "--json").output.lines.count == 30)
                    // And it goes on as the former did.
                    #expect(try await restored.run("chat", "--session", "before", "more").status == 0)
                }
            }
        }

        @Test("a backup that is cut off leaves no file of its name, and the server's next start clears its rest")
        func cutOff() async throws {
            let folder = try TemporaryFolder()
            let (database, copy) = (folder.path + "/a.db", folder.path + "/copy.db")
            try await RunningServer.with(answers: Answers.words, ["--store", "sqlite:\(database)"]) { server in
                #expect(try await server.run("import", input: Self.largeSession(messages: 60)).status == 0)
                let backup = try server.start("backup", copy)
                // Some of the file is there, and never all of it: a few milliseconds do not send 6 MB.
                while folder.byteCount(of: "copy.db.partial") == 0, backup.snapshot.status == nil { await Task.yield() }
                server.program.signal(SIGKILL)
                let end = try await backup.end()
                #expect(end.status == 69 || end.status == 70, "\(end.errors)")
                #expect(!folder.names.contains("copy.db") && !folder.names.contains("copy.db.partial"))
            }
            // As a crash in the middle of the copying leaves it.
            for suffix in ["", "-journal"] { try folder.write("half", to: "a.db.unfinished-copy" + suffix) }
            try await RunningServer.with(["--store", "sqlite:\(database)"]) { server in
                #expect(!folder.names.contains { $0.contains("unfinished") })
                try folder.write("half", to: "copy.db.partial")
                let refused = try await server.run("backup", copy)
                #expect(refused.status == 1 && refused.errors.contains("copy.db.partial"))
                #expect(try await server.run("backup", "--force", copy).status == 0)
                #expect(try await server.run("backup", copy).status == 1)
                #expect(folder.names.filter { $0.hasPrefix("copy.db") } == ["copy.db"])
            }
        }

        @Test("a file that another run is writing is left to it, though --force is said")
        func twoRuns() async throws {
            let folder = try TemporaryFolder()
            let copy = folder.path + "/copy.db"
            try folder.write("of the other run", to: "copy.db.partial")
            let other = open(copy + ".partial", O_RDWR | O_CLOEXEC)
            defer { close(other) }
            try #require(other >= 0 && flock(other, LOCK_EX | LOCK_NB) == 0)
            try await RunningServer.with(["--store", "sqlite:\(folder.path)/a.db"]) { server in
                for verb in ["backup", "export"] {
                    let refused = try await server.run(verb, "--force", copy)
                    #expect(refused.status == 1 && refused.errors.contains("another run"), "\(verb)")
                    #expect(folder.byteCount(of: "copy.db.partial") == 16)
                }
                // A run that was killed holds no lock.
                flock(other, LOCK_UN)
                #expect(try await server.run("export", "--force", copy).status == 0)
                #expect(folder.names.filter { $0.hasPrefix("copy.db") } == ["copy.db"])
            }
        }

        @Test("an export that cannot be written to the end says so")
        func fullDisk() async throws {
            try await RunningServer.with(answers: Answers.words) { server in
                _ = try await server.run("chat", "--session", "s", "q")
                let program = try ChildProgram.start(
                    "/bin/sh", ["-c", "exec \"$0\" export > /dev/full", BuiltPrograms.path(of: "chatctl")],
                    variables: ["CHATCTL_SERVER": server.address])
                let end = try await program.end()
                #expect(end.status == 1 && end.errors.contains("standard output cannot be written"))
            }
        }

        @Test("an export made while sessions are active has every one of them")
        func activeMeanwhile() async throws {
            let names = (0..<120).map { "s\($0)" }
            let lines = names.map {
                #"{"session_id": "\#($0)", "messages": [{"type": "human", "data": {"content": "hi"}}]}"#
            }
            try await RunningServer.with(answers: Answers.words) { server in
                #expect(try await server.run("import", input: lines.joined(separator: "\n")).status == 0)
                // The oldest comes to the front again and again: from the pages that are to be read next.
                let script = "while read -r name; do \"$0\" chat --session \"$name\" more || exit 1; done"
                let turns = try ChildProgram.start(
                    "/bin/sh", ["-c", script, BuiltPrograms.path(of: "chatctl")],
                    variables: ["CHATCTL_SERVER": server.address],
                    streams: .pipes(input: names.joined(separator: "\n") + "\n"))
                var exports = 0
                while turns.snapshot.status == nil {
                    let exported = try await server.run("export").output.lines.map { $0.field("session_id") }
                    try #require(Set(exported) == Set(names) && exported.count == names.count)
                    exports += 1
                }
                #expect(try await turns.end().status == 0)
                #expect(exports > 1)
            }
        }

        /// A line for `import`, each message of 100 KB.
        private static func largeSession(messages count: Int) -> String {
            let message = #"{"type": "ai", "data": {"content": "\#(String(repeating: "x", count: 100_000))"}}"#
            let messages = Array(repeating: message, count: count).joined(separator: ",")
            return #"{"session_id": "large", "messages": [\#(messages)]}"#
        }

        @Test("a store in memory has no backup, and the error says what to do")
        func noFile() async throws {
            let folder = try TemporaryFolder()
            try await RunningServer.with { server in
                let end = try await server.run("backup", folder.path + "/copy.db", "--json")
                #expect(end.status == 1 && end.output.field("reason") == "STORE_HAS_NO_FILE")
                #expect(end.errors.contains("export"))
                #expect(folder.names.isEmpty)
            }
        }
    }
}

/// A folder that is gone with its value.
private final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/chat-transfer-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    /// What is in it, sorted.
    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// 0 where there is no such file.
    func byteCount(of name: String) -> Int {
        var information = stat()
        return stat(path + "/" + name, &information) == 0 ? Int(information.st_size) : 0
    }

    func mode(of name: String) throws -> mode_t {
        var information = stat()
        try #require(stat(path + "/" + name, &information) == 0)
        return information.st_mode & 0o777
    }

    func write(_ text: String, to name: String) throws {
        let descriptor = open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        let bytes = Array(text.utf8)
        #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
    }
}
