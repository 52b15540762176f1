// `chatbench compare` with peers that are chatd under another name: what it starts, prints and leaves behind.

import Glibc
import ProgramSupport
import Testing

extension EndToEnd {
    @Suite("chatbench compare")
    struct CompareVerbTests {
        /// A folder of peers. `bare` and `grpc` are chatd itself; `ttrpc` cannot be built, and says why.
        private struct PeersFolder {
            let path: String

            init() throws {
                var template = Array("/tmp/chat-peers-XXXXXX".utf8CString)
                try #require(mkdtemp(&template) != nil)
                path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
                let (chatd, chatbench) = (BuiltPrograms.path(of: "chatd"), BuiltPrograms.path(of: "chatbench"))
                let serve = """
                    exec \(chatd) --listen 127.0.0.1:0 --store memory: --model offline --diagnostics \
                        > >(exec sed -u 's/^chatd //')
                    """
                let load = """
                    [ "$1" = \(path)/out/$(basename "$(dirname "$0")") ] || exit 64
                    exec \(chatbench) "$2" "${@:3}" --json
                    """
                for peer in ["bare", "grpc"] {
                    try add("build", to: peer, #"[ -d "$1" ]"#)
                    try add("serve", to: peer, "echo $$ >>\(path)/servers\n" + serve)
                    try add("load", to: peer, load)
                }
                try add("build", to: "ttrpc", "echo 'install the package that has it' >&2; exit 1")
            }

            private func add(_ script: String, to peer: String, _ text: String) throws {
                let folder = "\(path)/\(peer)"
                mkdir(folder, 0o755)
                let file = try #require(fopen("\(folder)/\(script)", "w"))
                fputs("#!/usr/bin/env bash\n\(text)\n", file)
                fclose(file)
                chmod("\(folder)/\(script)", 0o755)
            }

            /// The processes that served, in order.
            var servers: [Int32] {
                guard let file = fopen("\(path)/servers", "r") else { return [] }
                defer { fclose(file) }
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = fread(&bytes, 1, bytes.count, file)
                return String(decoding: bytes[..<count], as: UTF8.self).lines.compactMap { Int32($0) }
            }

            func remove() async throws { try await ChildProgram.start("rm", ["-rf", path]).end() }

            func compare(_ arguments: String...) throws -> ChildProgram {
                try ChildProgram.start(
                    "chatbench", ["compare", "--peers", path, "--build", "\(path)/out"] + arguments)
            }
        }

        /// The fields of a process's status line from its state on; nil once it is gone.
        private func status(of process: Int32) -> [Substring]? {
            guard let file = fopen("/proc/\(process)/stat", "r") else { return nil }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 512)
            let count = fread(&bytes, 1, bytes.count, file)
            let text = String(decoding: bytes[..<count], as: UTF8.self)
            return text.lastIndex(of: ")").map { text[$0...].dropFirst().split(separator: " ") }
        }

        /// True while the process runs; a dead one that nobody has reaped yet does not.
        private func isRunning(_ process: Int32) -> Bool { status(of: process).map { $0.first != "Z" } ?? false }

        /// Waits until none of them runs.
        private func waitUntilGone(_ processes: [Int32]) async throws {
            let deadline = ContinuousClock.now + .seconds(30)
            while processes.contains(where: isRunning), .now < deadline { try await Task.sleep(for: .milliseconds(20)) }
            #expect(!processes.contains(where: isRunning))
        }

        @Test("prints medians and ratios, names what cannot be built, and leaves nothing behind")
        func compares() async throws {
            let peers = try PeersFolder()
            let run = try peers.compare("--only", "echo-1x1", "--rounds", "1", "--duration", "0.2")
            let end = try await run.end()
            #expect(end.status == 0)
            let rows = end.output.lines.filter { $0.hasPrefix("| echo 1x1 |") }.map { row in
                row.split(separator: "|").map { $0.split(separator: " ").map(String.init) }
            }
            let names = rows.map { row in
                row[1...2].map { $0.prefix { $0.first?.isNumber != true }.joined(separator: " ") }
            }
            #expect(names == [["`memory:`", "-"], ["by C", "bare C"], ["by C", "gRPC"]])
            // One chatd beside another: every ratio is about one, and none is missing.
            for row in rows.dropFirst() {
                let ratios = row.suffix(3).compactMap { Double($0[0]) }
                #expect(ratios.count == 3)
                #expect(ratios[0] > 0.1 && ratios[0] < 10)
            }
            #expect(end.output.contains("- ttrpc Go is not measured: "))
            #expect(end.output.contains("install the package that has it"))
            #expect(peers.servers.count == 2)
            #expect(!peers.servers.contains(where: isRunning))
            try await peers.remove()
        }

        @Test("prints JSON of the same")
        func json() async throws {
            let peers = try PeersFolder()
            let end = try await peers.compare(
                "--only", "echo-1x1,bare", "--rounds", "2", "--duration", "0.2", "--json"
            ).end()
            #expect(end.status == 0)
            #expect(end.output.lines.count == 1)
            #expect(end.output.field("rounds") == "2")
            #expect(end.output.field("notes") == "[]")
            #expect(end.output.contains(#""ratio":"chatd, bare C's load / bare C""#))
            #expect(peers.servers.count == 2)
            try await peers.remove()
        }

        @Test("ends what it started after Ctrl-C, and also when it is killed", arguments: [SIGINT, SIGKILL])
        func ends(by signal: Int32) async throws {
            let peers = try PeersFolder()
            let run = try peers.compare("--only", "echo-1x1,bare", "--rounds", "1", "--duration", "300")
            try await run.wait(for: "the first load") { $0.errors.contains("round 1 of 1") }
            let children = try await childrenOf(run.process)
            #expect(children.count == 3)
            run.signal(signal)
            let end = try await run.end()
            #expect(end.status == 128 + signal)
            #expect(end.output == "")
            try await waitUntilGone(children)
            try await peers.remove()
        }

        /// The processes that one has started, once there are three: the model, a server and a load.
        private func childrenOf(_ process: Int32) async throws -> [Int32] {
            let deadline = ContinuousClock.now + .seconds(30)
            var children: [Int32] = []
            while children.count < 3, .now < deadline {
                children = everyProcess().filter { status(of: $0)?.dropFirst().first == "\(process)" }
                try await Task.sleep(for: .milliseconds(20))
            }
            return children
        }

        private func everyProcess() -> [Int32] {
            guard let folder = opendir("/proc") else { return [] }
            defer { closedir(folder) }
            var processes: [Int32] = []
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if let process = Int32(name) { processes.append(process) }
            }
            return processes
        }

        @Test("a name that means nothing is refused with the names that do")
        func wrongNames() async throws {
            let end = try await ChildProgram.start("chatbench", ["compare", "--only", "echo,rust"]).end()
            #expect(end.status == 64)
            #expect(end.errors.hasPrefix("chatbench: --only: rust is none of echo, "))
        }

        @Test("idle connections and streams are counted by what they take")
        func idle() async throws {
            let model = try ChildProgram.start("chatbench", ["model", "--tokens", "100", "--interval", "1000"])
            defer { model.signal(SIGKILL) }
            try await model.wait(forOutput: "/v1\n")
            try await RunningServer.with(model: "openai:fake@\(model.snapshot.output.lines[0])") { server in
                let end = try await ChildProgram.start(
                    "chatbench",
                    [
                        "idle", "--server", server.address, "--connections", "50", "--streams", "100", "--hold", "0.1",
                        "--json",
                    ]
                ).end()
                #expect(end.status == 0)
                let idle = try #require(end.output.number("idle_rss_bytes"))
                let connections = try #require(end.output.number("connections_rss_bytes"))
                #expect(idle > 1_000_000 && connections >= idle)
                // A stream has a turn, a transfer and a socket to the model: more than nothing.
                #expect(try #require(end.output.number("rss_bytes_per_stream")) > 1000)
            }
        }
    }
}
