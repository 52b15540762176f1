// Loads configurations from flags, variables and files as chatd does, and compares values and problems word by word.

import IOLoop
import Logging
import Testing

@testable import ChatServer

@Suite("Configuration")
struct ConfigurationLoaderTests {
    private func load(_ arguments: [String], _ environment: [String: String] = [:]) -> ConfigurationOutcome {
        ConfigurationLoader.load(
            arguments: arguments, environment: environment.merging(["HOME": "/users/me"]) { given, _ in given })
    }

    private func served(
        _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> (ServerConfiguration, [String: EffectiveSetting]) {
        let outcome = load(arguments, environment)
        guard case .serve(let configuration, let effective) = outcome else {
            Issue.record("refused: \(outcome)")
            throw CancellationError()
        }
        return (configuration, Dictionary(uniqueKeysWithValues: effective.map { ($0.name, $0) }))
    }

    private func problems(_ arguments: [String], _ environment: [String: String] = [:]) -> [String] {
        guard case .refuse(let problems) = load(arguments, environment) else { return ["not refused"] }
        return problems.map(\.description)
    }

    @Test("the model is all that must be named; the rest has defaults")
    func defaults() throws {
        let (configuration, effective) = try served(["--model", "offline"])
        var expected = ServerConfiguration(model: "offline")
        expected.store = .sqlite(path: "/users/me/.local/share/chatd/chat.db")
        #expect(configuration == expected)
        #expect(effective["store"]?.value == "sqlite:/users/me/.local/share/chatd/chat.db")
        #expect(configuration.listen == [ListenAddress(.host("127.0.0.1", port: 7420))])
        #expect(configuration.connections.frameBytesMax == 1_048_576)
        #expect(configuration.sessions.idleExpiry == .seconds(2_592_000))
        #expect(configuration.sessions.historyMessagesMax == 40)
        #expect(configuration.locks.ttlDefault == .seconds(10))
        #expect(configuration.loops >= 1)
        #expect(Set(effective.keys) == Set(SettingTable.all.map(\.name)))
    }

    @Test("without a store it is a file in the user's data folder, which only absolute paths can name")
    func dataFolder() throws {
        let model = ["--model", "offline"]
        #expect(
            try served(model, ["XDG_DATA_HOME": "/data"]).0.store == .sqlite(path: "/data/chatd/chat.db"))
        let file = StoreAddress.sqlite(path: "/users/me/.local/share/chatd/chat.db")
        #expect(try served(model, ["XDG_DATA_HOME": "data"]).0.store == file)
        #expect(try served(model, ["XDG_DATA_HOME": ""]).0.store == file)
        #expect(try served(model + ["--store", "memory:"], ["HOME": ""]).0.store == .memory)
        #expect(
            problems(model, ["HOME": ""]) == [
                "no store: neither XDG_DATA_HOME nor HOME says where data goes; name a file with --store sqlite:PATH"
            ])
    }

    @Test("a flag wins over a variable, a variable over the file, the file over the default")
    func precedence() throws {
        let text = "model: offline\nwrite-timeout: 1s\ndrain-grace: 2s\nloops: 3\n"
        try TemporaryFile.with(text) { path in
            let environment = ["CHATD_CONFIG": path, "CHATD_WRITE_TIMEOUT": "4s", "CHATD_DRAIN_GRACE": "5s"]
            let (configuration, effective) = try served(["--write-timeout=6s"], environment)
            #expect(configuration.connections.writeTimeout == .seconds(6))
            #expect(configuration.connections.drainGrace == .seconds(5))
            #expect(configuration.loops == 3)
            #expect(configuration.connections.callsMax == 1000)
            #expect(effective["write-timeout"]?.origin == "--write-timeout")
            #expect(effective["drain-grace"]?.origin == "CHATD_DRAIN_GRACE")
            #expect(effective["loops"]?.origin == "\(path): loops")
            #expect(effective["calls-per-connection-max"]?.origin == "default")
        }
    }

    @Test("every setting can be a flag, a variable or a key of the file")
    func everySpelling() throws {
        let values = [
            "listen": "unix:/run/chatd.sock", "allow-plaintext": "true", "store": "memory:", "cache-key": "x",
            "durability": "replica", "redis-ca-file": "/ca.pem", "redis-certificate-file": "/c.pem",
            "redis-key-file": "/k.pem",
            "model": "auto", "stream-model": "offline", "system-prompt": "Be kind, be brief: always.",
            "connections-max": "7",
            "calls-per-connection-max": "8", "frame-size-max": "2MiB", "frame-timeout": "5s", "write-timeout": "250ms",
            "idle-timeout": "9m", "ping-interval": "0", "drain-grace": "0", "session-idle-expiry": "0",
            "history-messages-max": "0",
            "history-tokens-max": "4000", "lock-ttl": "20s", "lock-ttl-max": "1h", "loops": "2", "diagnostics": "true",
            "log-level": "debug", "log-format": "json",
        ]
        #expect(Set(values.keys) == Set(SettingTable.all.map(\.name)), "a setting is missing from this test")
        let (fromFlags, _) = try served(values.map { "--\($0.key)=\($0.value)" })
        let variables = values.map { (SettingTable.named($0.key)?.variable ?? "", $0.value) }
        let (fromVariables, _) = try served([], Dictionary(uniqueKeysWithValues: variables))
        let file = values.map { "\($0.key): \"\($0.value)\"\n" }.joined()
        let (fromFile, _) = try TemporaryFile.with(file) { try served(["--config", $0]) }
        #expect(fromFlags == fromVariables)
        #expect(fromFlags == fromFile)
        #expect(fromFlags.systemPrompt == "Be kind, be brief: always.")
        #expect(fromFlags.connections.idleTimeout == .seconds(540))
        #expect(fromFlags.connections.pingInterval == nil)
        #expect(fromFlags.connections.frameTimeout == .seconds(5))
        #expect(fromFlags.sessions.historyMessagesMax == nil)
        #expect(fromFlags.connections.frameBytesMax == 2_097_152)
        #expect(fromFlags.logFormat == .json)
        #expect(fromFlags.logLevel == .debug)
        #expect(fromFlags.servesDiagnostics)
    }

    @Test("listen may be repeated, and is a list in the file and in the variable")
    func repeatedListen() throws {
        let expected = [ListenAddress(.host("127.0.0.1", port: 0)), ListenAddress(.host("::1", port: 7))]
        let flags = ["--model", "offline", "--listen", "127.0.0.1:0", "--listen", "[::1]:7"]
        #expect(try served(flags).0.listen == expected)
        #expect(try served(["--model=auto"], ["CHATD_LISTEN": "127.0.0.1:0,[::1]:7"]).0.listen == expected)
        // A list of nothing is not given.
        let defaults = [ListenAddress(.host("127.0.0.1", port: 7420))]
        #expect(try served(["--model=auto"], ["CHATD_LISTEN": ","]).0.listen == defaults)
        let file = "model: offline\nlisten:\n  - 127.0.0.1:0\n  - \"[::1]:7\"\n"
        let (fromFile, _) = try TemporaryFile.with(file) { try served(["--config", $0]) }
        #expect(fromFile.listen == expected)
    }

    @Test(
        "an address counts as loopback only where the kernel takes it for one",
        arguments: [
            ("127.9.9.9", true), ("localhost", true), ("::1", true), ("::ffff:127.0.0.1", true), ("127.0.0.+1", false),
            ("127.0.0.1.example.com", false), ("10.0.0.1", false), ("::", false),
        ])
    func loopback(host: String, isLoopback: Bool) {
        #expect(ListenAddress(.host(host, port: 1)).isLoopback == isLoopback)
    }

    @Test("a switch stands alone or takes a value")
    func switches() throws {
        #expect(try served(["--diagnostics", "--model", "auto"]).0.servesDiagnostics)
        #expect(try !served(["--diagnostics=off", "--model", "auto"], ["CHATD_DIAGNOSTICS": "1"]).0.servesDiagnostics)
    }

    @Test("empty variables and keys without a value are not given")
    func emptyIsAbsent() throws {
        try TemporaryFile.with("# a template\nmodel:\nloops:\n") { path in
            let (configuration, _) = try served(["--config", path], ["CHATD_LOOPS": "", "CHATD_MODEL": "offline"])
            var expected = ServerConfiguration(model: "offline")
            expected.store = configuration.store
            #expect(configuration == expected)
        }
        try TemporaryFile.with("\n# nothing but comments\n") { path in
            let (configuration, _) = try served(["--config", path, "--model", "offline"])
            #expect(configuration.model == "offline")
        }
        #expect(try served(["--model", "offline", "--system-prompt", ""]).0.systemPrompt == "")
    }

    @Test("variables that Kubernetes makes for a service named chatd are passed over")
    func serviceLinks() throws {
        let links = ["CHATD_SERVICE_HOST": "10.0.0.1", "CHATD_PORT": "tcp://10.0.0.1:7420", "CHATD_PORT_7420_TCP": "x"]
        #expect(try served(["--model", "offline"], links).0.model == "offline")
    }

    private static let stores = "write sqlite:PATH, redis://HOST:PORT/DATABASE or memory:"

    @Test(
        "each bad value is one line that says what to write",
        arguments: [
            (["--listen", "7420"], "--listen: `7420` is not HOST:PORT, [IPv6]:PORT or unix:PATH"),
            (
                ["--listen", ":7420"],
                "--listen: `:7420` has no host: write 127.0.0.1:7420, or 0.0.0.0:7420 for every interface"
            ),
            (["--listen", "a:70000"], "--listen: `a:70000` is not HOST:PORT, [IPv6]:PORT or unix:PATH"),
            (["--store", "mysql:x"], "--store: `mysql:x` is not a store: \(Self.stores)"),
            (["--store", "sqlite:a\0b"], "--store: `sqlite:a b` is not a store: \(Self.stores)"),
            (
                ["--store", "redis://:hunter2@localhost/x"],
                "--store: `redis://***@localhost/x` has a database that is no number from 0"
            ),
            (
                ["--store", "redis+sentinel://localhost"],
                "--store: `redis+sentinel://localhost` names no master: write redis+sentinel://host:26379/mymaster/0"
            ),
            (
                ["--cache-key", "a{b}"],
                "--cache-key: `a{b}` is not 1 to 64 printable ASCII characters without spaces and braces"
            ),
            (
                ["--model", "gpt-4"],
                "--model: `gpt-4` cannot be used: a model is named as openai:MODEL[@BASE_URL], offline, "
                    + "scripted:FILE or auto"
            ),
            (["--model", ""], "--model: `` is empty"),
            (
                ["--stream-model", "scripted:"],
                "--stream-model: `scripted:` cannot be used: scripted: wants a file, as in scripted:answers.json"
            ),
            (["--connections-max", "0"], "--connections-max: `0` is not a whole number from 1 to 1000000"),
            (
                ["--calls-per-connection-max", "-1"],
                "--calls-per-connection-max: `-1` is not a whole number from 1 to 100000"
            ),
            (["--frame-size-max", "5MiB"], "--frame-size-max: `5MiB` is not in the range from 64KiB to 4MiB"),
            (["--frame-size-max", "1MB"], "--frame-size-max: `1MB` is not a size such as 512KiB or 1MiB"),
            (["--write-timeout", "5"], "--write-timeout: `5` is not a time such as 500ms, 30s or 10m"),
            (["--write-timeout", "1ms"], "--write-timeout: `1ms` is not in the range from 100ms to 1h"),
            (
                ["--write-timeout", "99999999999999999999d"],
                "--write-timeout: `99999999999999999999d` is not a time such as 500ms, 30s or 10m"
            ),
            (
                ["--write-timeout", "9223372036854775807d"],
                "--write-timeout: `9223372036854775807d` is not a time such as 500ms, 30s or 10m"
            ),
            (["--idle-timeout", "8d"], "--idle-timeout: `8d` is not in the range from 1s to 7d"),
            (["--ping-interval", "2h"], "--ping-interval: `2h` is not in the range from 1s to 1h"),
            (["--drain-grace", "2h"], "--drain-grace: `2h` is not in the range from 0 to 1h"),
            (["--session-idle-expiry", "-1d"], "--session-idle-expiry: `-1d` is not a time such as 500ms, 30s or 10m"),
            (
                ["--history-messages-max", "all"],
                "--history-messages-max: `all` is not a whole number from 1 to 1000000"
            ),
            (["--history-tokens-max", "1e3"], "--history-tokens-max: `1e3` is not a whole number from 1 to 10000000"),
            (["--lock-ttl", "11m"], "--lock-ttl: `11m` is longer than lock-ttl-max, which is 10m"),
            (["--lock-ttl-max", "2d"], "--lock-ttl-max: `2d` is not in the range from 1s to 1d"),
            (["--loops", "257"], "--loops: `257` is not a whole number from 1 to 256"),
            (["--diagnostics=maybe"], "--diagnostics: `maybe` is neither true nor false"),
            (["--allow-plaintext="], "--allow-plaintext: `` is neither true nor false"),
            (
                ["--log-level", "loud"],
                "--log-level: `loud` is not one of trace|debug|info|notice|warning|error|critical"
            ),
            (["--log-format", "xml"], "--log-format: `xml` is not one of auto|text|json"),
            (["--frame-size", "1MiB"], "--frame-size: is unknown: see --help"),
            (["--write-timout", "1s"], "--write-timout: is unknown: did you mean --write-timeout?"),
            (["--loops", "1", "--loops", "2"], "--loops: is given more than once"),
            (["--write-timeout", "--diagnostics"], "--write-timeout: needs a value: --write-timeout TIME"),
            (["--write-timeout"], "--write-timeout: needs a value: --write-timeout TIME"),
        ])
    func badValue(arguments: [String], problem: String) {
        let model = arguments[0] == "--model" ? [] : ["--model", "offline"]
        #expect(problems(model + arguments) == [problem])
    }

    @Test("plain TCP beyond this machine is refused unless it is asked for")
    func plaintext() throws {
        let refused = "--listen: `0.0.0.0:7420` is no loopback address, where plain TCP can be read on the way: "
        #expect(problems(["--model=auto", "--listen=0.0.0.0:7420"]) == [refused + "give --allow-plaintext to mean it"])
        #expect(try served(["--model=auto", "--listen=0.0.0.0:7420", "--allow-plaintext"]).0.allowsPlaintext)
        for address in ["127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/tmp/a"] {
            #expect(problems(["--model=auto", "--listen", address]) == ["not refused"], "\(address)")
        }
        for address in ["127.0.0.1.example.org:1", "[::]:1", "localhost.example.org:1", "10.0.0.1:1"] {
            #expect(problems(["--model=auto", "--listen", address]).count == 1, "\(address)")
        }
    }

    @Test("all problems are told at once, and a missing model says how to name one")
    func allProblems() {
        #expect(
            problems(["--loops=x", "--listen=a", "--listen=b", "stray"], ["CHATD_LOGLEVEL": "info"]) == [
                "argument 4 belongs to no flag: chatd takes flags only, see --help",
                "CHATD_LOGLEVEL: is unknown: did you mean CHATD_LOG_LEVEL?",
                "--listen: `a` is not HOST:PORT, [IPv6]:PORT or unix:PATH",
                "--listen: `b` is not HOST:PORT, [IPv6]:PORT or unix:PATH",
                "--loops: `x` is not a whole number from 1 to 256",
                "no model: name one with --model, as openai:MODEL[@BASE_URL], offline, scripted:FILE or auto; OpenAI's "
                    + "own want a key in OPENAI_API_KEY",
            ])
    }

    @Test("a file's problems name the file and the key")
    func badFile() throws {
        let text = "model: offline\nlops: 1\nlimits:\n  loops: 2\nloops: [1, 2]\nwrite-timeout: 5\nlisten: {a: b}\n"
        try TemporaryFile.with(text) { path in
            #expect(
                problems(["--config", path]) == [
                    "\(path): limits.loops: is unknown: see --help",
                    "\(path): listen.a: is unknown: did you mean listen?",
                    "\(path): lops: is unknown: did you mean loops?",
                    "\(path): write-timeout: `5` is not a time such as 500ms, 30s or 10m",
                    "\(path): loops: is a list, and takes one value",
                ])
        }
        #expect(
            problems(["--model=auto", "--config=/nonexistent/chatd.yaml"])
                == ["/nonexistent/chatd.yaml: cannot be opened: No such file or directory"])
        try TemporaryFile.with("model: [offline\nkey: hunter2\n") { path in
            let found = problems(["--model=auto", "--config", path])
            #expect(found.count == 1)
            #expect(found.first?.hasPrefix("\(path): is no YAML file of settings: ") == true)
            #expect(found.first?.contains("hunter2") == false)
        }
        try TemporaryFile.with(String(repeating: "# a long comment\n", count: 20_000)) { path in
            #expect(problems(["--model=auto", "--config", path]) == ["\(path): is larger than 256KiB"])
        }
    }

    @Test("help names every setting, and version is one line")
    func help() {
        guard case .show(let text) = load(["--help"]), case .show(let version) = load(["--version"]) else {
            Issue.record("not shown")
            return
        }
        for setting in SettingTable.all {
            #expect(text.contains("\n  \(setting.flag)"), "\(setting.name)")
        }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 })
        #expect(version.hasPrefix("chatd ") && !version.contains("\n"))
    }

    @Test("the program's own check of a model specification is asked")
    func modelHook() {
        let outcome = ConfigurationLoader.load(
            arguments: ["--model=openai:a", "--stream-model=auto", "--store=memory:"], environment: [:]
        ) {
            $0 == "auto" ? "is not served here" : nil
        }
        guard case .refuse(let problems) = outcome else {
            Issue.record("not refused")
            return
        }
        #expect(problems.map(\.description) == ["--stream-model: `auto` is not served here"])
    }
}
