// Shows each rule a planted violation and what it must let pass. The messages are the snapshot: change them on purpose.

import Testing

@Suite("The layout checker")
struct LayoutCheckerTests {
    /// A file and all that must be found in it.
    struct Planted: Sendable, CustomTestStringConvertible {
        var path: String
        var text: String
        var isExecutable = false
        /// Without the path that each begins with.
        var findings: [String]

        var testDescription: String { ": \(findings.first ?? "nothing to find")" }
    }

    static func swift(_ path: String, _ code: String, _ findings: String...) -> Planted {
        Planted(path: path, text: "// A file.\n" + code + "\n", findings: findings)
    }

    private func check(_ planted: Planted) {
        let file = LayoutFile(path: planted.path, text: planted.text, isExecutable: planted.isExecutable)
        let expected = planted.findings.map { planted.path + $0 }
        #expect(LayoutChecker.findings(in: file).map(\.description) == expected)
    }

    @Test(
        "imports",
        arguments: [
            swift(
                "Sources/Wire/A.swift", "import Foundation", ":2: Wire may not import Foundation: it may import nothing"
            ),
            swift(
                "Sources/chatd/A.swift", "@preconcurrency private import struct Dispatch.DispatchTime",
                ":2: chatd may not import Dispatch: it may import ChatServer, Glibc"),
            swift("Sources/Utter/A.swift", "", ": Utter has no row in Tests/LayoutTests/ImportTable.swift"),
            swift("Sources/chatd/A.swift", "internal import ChatServer  // import Foundation"),
            swift("Sources/ChatServer/Configuration/A.swift", "import Foundation"),
            swift("Tests/WireTests/A.swift", "@testable import Wire\nimport Testing"),
        ])
    func imports(_ planted: Planted) { check(planted) }

    @Test(
        "words",
        arguments: [
            swift(
                "Sources/RPC/A.swift", "Task { }",
                ":2: `Task {` is not used here: a call stays on its loop's actor; await it, or start it with IOLoop"),
            swift(
                "Sources/RPC/A.swift", "await Task.sleep(for: x)",
                ":2: `Task.sleep` is not used here: use the loop's timers, which tests can see"),
            swift(
                "Sources/RPC/A.swift", "print(\"a\")",
                ":2: `print(` is not used here: log with the logger that was passed in"),
            swift(
                "Sources/IOLoop/A.swift", "let semaphore = DispatchSemaphore(value: 0)",
                ":2: `DispatchSemaphore` is not used here: it blocks a thread; await a continuation"),
            swift(
                "Sources/chatd/A.swift", "queue.sync { try! run() }",
                ":2: `.sync {` is not used here: it blocks a thread; hop with async or use a Mutex",
                ":2: `try!` is not used here: handle the error, or trap with a sentence"),
            swift(
                "Sources/Wire/A.swift", "fatalError()",
                ":2: `fatalError()` is not used here: say in a sentence what was impossible"),
            swift("Tests/WireTests/A.swift", "// FIXME: later", ":2: `FIXME` is not used here: fix it before it lands"),
            swift(
                "Sources/Wire/A.swift", "// As The Brief says",
                ":2: `the brief` is not used here: say what the code does and why, not how it came to be"),
            Planted(
                path: ".ci/x", text: "#!/bin/sh\ncat /home/me/x\n", isExecutable: true,
                findings: [":2: `/home/` is not used here: no path of one machine belongs in the tree"]),
            Planted(path: "Tests/Fuzz/Corpus/a/b", text: "#!/home/XXX", findings: []),
            swift("Sources/RPC/A.swift", "group.addTask { }  // not Task { }, nor print(x)"),
            swift("Sources/RPC/A.swift", "footprint(x); let url = \"http://a\""),
            swift("Sources/IOLoop/A.swift", "Task { }"),
            swift("Sources/RPC/Server/ServerConnection.swift", "Task { }"),
            swift("Sources/chatctl/A.swift", "print(1); Task { }"),
            swift("Tests/WireTests/A.swift", "try! run()"),
        ])
    func words(_ planted: Planted) { check(planted) }

    @Test(
        "comments",
        arguments: [
            Planted(
                path: "Sources/Wire/A.swift", text: "struct A {}\n",
                findings: [
                    ":1: the first lines are a comment: what the file is, who uses it, which loop or thread"
                ]),
            swift(
                "Sources/Wire/A.swift", "final class A: @unchecked Sendable {}",
                ":2: `@unchecked Sendable` needs a comment beside it that begins with \"because\""),
            swift("Sources/Wire/A.swift", "// because only its loop touches it\nclass A: @unchecked Sendable {}"),
        ])
    func comments(_ planted: Planted) { check(planted) }

    @Test("sizes: one more than the limit is found, the limit is not")
    func sizes() {
        func function(lines: Int) -> String {
            "    func a(\n        b: Int\n    ) {\n" + String(repeating: "        b()\n", count: lines - 4) + "    }"
        }
        let path = "Sources/Wire/A.swift"
        let file = String(repeating: "let a = 1\n", count: 698) + "let b = 1"
        check(Self.swift(path, file))
        check(Self.swift(path, file + "\nlet c = 1", ": 701 lines, at most 700: split it where one idea ends"))
        let line = "let a = \"" + String(repeating: "\u{E9}", count: 110) + "\""
        check(Self.swift(path, line))
        check(Self.swift(path, line + " ", ":2: 121 columns, at most 120"))
        check(Self.swift(path, function(lines: 70)))
        check(
            Self.swift(
                path, function(lines: 71), ":2: a function of 71 lines, at most 70: name its parts"))
        let readme = "# A\n" + String(repeating: "a\n", count: 150)
        check(
            Planted(
                path: "README.md", text: readme,
                findings: [": 151 lines, at most 150: split it where one idea ends"]))
        let blob = String(repeating: "a", count: 200 * 1024 + 1)
        check(
            Planted(
                path: "Tests/Golden/a.bin", text: blob,
                findings: [
                    ": 204801 bytes, at most 204800: make it in a test, or take it from a package"
                ]))
    }

    @Test(
        "places",
        arguments: [
            Planted(
                path: "notes.txt", text: "",
                findings: [": `notes.txt` is not part of the top level: put it in a folder that is"]),
            swift(
                "Sources/Wire/WireUtils.swift", "",
                ": `Utils` says nothing: name it by its noun, or put it beside its only user"),
            Planted(
                path: "Sources/Wire/A.c", text: "", isExecutable: true,
                findings: [": only scripts are executable: chmod -x"]),
            Planted(
                path: ".ci/x", text: "#!/bin/sh\n",
                findings: [": it starts with #! and is not executable: chmod +x"]),
            Planted(
                path: "Sources/ChatStubs/Generated/A.swift", text: "import Foundation\n",
                findings: [
                    ": a generated file's first line says what it was generated by",
                    ":1: ChatStubs may not import Foundation: it may import ProtoMessages, RPC, Wire",
                    ":1: the first lines are a comment: what the file is, who uses it, which loop or thread",
                ]),
            Planted(
                path: "Sources/Wire/A.swift", text: "// Generated by proto/generate. Do not edit.\ntry! a()\n",
                findings: [
                    ": its first line says that it was generated: move it into a folder named Generated"
                ]),
            Planted(
                path: "Sources/CChatProto/a.pb-c.c", text: "/* Generated by the protocol buffer compiler. */\n",
                findings: []),
        ])
    func places(_ planted: Planted) { check(planted) }

    @Test(
        "titles",
        arguments: [
            Planted(
                path: "proto/A.md", text: "text\n", findings: [": no title: begin with one `# Title`"]),
            Planted(
                path: "proto/A.md", text: "# A\n\n```\n# not a title\n```\n# B\n",
                findings: [":6: a second title: use `##`"]),
        ])
    func titles(_ planted: Planted) { check(planted) }
}
