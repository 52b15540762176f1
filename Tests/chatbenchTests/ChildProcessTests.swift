// Programs that the comparison starts: heard, ended in time, and never left behind.

import Glibc
import Testing

@testable import chatbench

@Suite("ChildProcess")
struct ChildProcessTests {
    private func shell(_ script: String) -> [String] { ["/bin/sh", "-c", script] }

    /// True while a process with this id runs; one that nobody has reaped yet does not.
    private func isRunning(_ process: Int32) -> Bool { ServerProcess(pid: process).memory() != nil }

    @Test("a program's output is returned, and its failure says its last words")
    func runs() async throws {
        let output = try await ChildProcess.run("it", shell("echo one; echo two >&2"), limit: .seconds(60))
        #expect(output == "one\n")
        let failure = await #expect(throws: ChildFailure.self) {
            _ = try await ChildProcess.run("it", shell("echo a b >&2; echo c >&2; exit 3"), limit: .seconds(60))
        }
        #expect(failure?.description == "it ended with 3: a b / c")
    }

    @Test("a program that is not there is named")
    func missing() async throws {
        let failure = await #expect(throws: ChildFailure.self) {
            _ = try await ChildProcess.run("it", ["/nowhere/program"], limit: .seconds(60))
        }
        #expect(failure?.description.contains("/nowhere/program") == true)
    }

    @Test("one that is not done in time is ended, with what it started")
    func timeLimit() async throws {
        let failure = await #expect(throws: ChildFailure.self) {
            _ = try await ChildProcess.run(
                "it", shell("sleep 1000 & echo $! >&2; wait"), limit: .milliseconds(200))
        }
        let words = try #require(failure?.description.split(separator: " ").map(String.init))
        #expect(words.starts(with: ["it", "ended", "with", "137:"]))
        #expect(!isRunning(try #require(Int32(words[4]))))
    }

    @Test("it ends with the closure, by SIGTERM, and by SIGKILL when it does not heed that")
    func ends() async throws {
        for script in ["exec sleep 1000", "trap '' TERM; while :; do sleep 0.1; done"] {
            let process = try await ChildProcess.with("it", shell("echo up; \(script)"), limit: .seconds(60)) { child in
                try await child.wait(for: "a word", within: .seconds(60)) { $0.text == "up\n" }
                #expect(isRunning(child.process))
                return child.process
            }
            #expect(!isRunning(process))
        }
    }

    @Test("it ends when the task is cancelled that waits for it")
    func cancelled() async throws {
        let task = Task {
            try await ChildProcess.with("it", shell("echo up; exec sleep 1000"), limit: .seconds(60)) { child in
                try await child.wait(for: "a word", within: .seconds(60)) { $0.text == "up\n" }
                withUnsafeCurrentTask { $0?.cancel() }
                try await child.wait(for: "its end", within: .seconds(60)) { $0.isOver }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("waiting ends when the program does")
    func waitsInVain() async throws {
        let failure = await #expect(throws: ChildFailure.self) {
            try await ChildProcess.with("it", shell("echo no; exit 7"), limit: .seconds(60)) { child in
                try await child.wait(for: "yes", within: .seconds(60)) { $0.text == "yes\n" }
            }
        }
        #expect(failure?.description == "it ended with 7: no")
    }

    @Test("of long output the beginning is kept, of long errors the end")
    func longOutput() async throws {
        let script = "head -c 3000000 /dev/zero; head -c 300000 /dev/zero >&2; echo last words >&2"
        try await ChildProcess.with("it", shell(script), limit: .seconds(60)) { child in
            try await child.wait(for: "its end", within: .seconds(60)) { $0.isOver }
            #expect(child.snapshot.output.count == 1 << 20)
            #expect(child.snapshot.errors.count == 64 << 10)
            #expect(child.failure("said").description.hasSuffix("last words"))
        }
    }
}
