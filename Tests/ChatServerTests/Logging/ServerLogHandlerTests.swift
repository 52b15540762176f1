// The handler on a real pipe: what a logger writes, whose fields win, and that a stuck reader stops nobody.

import Glibc
import Logging
import Testing

@testable import ChatServer

@Suite("Log handler")
struct ServerLogHandlerTests {
    /// Both ends of a pipe, closed with the value.
    private final class Pipe {
        let readEnd: Int32
        let writeEnd: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            readEnd = ends[0]
            writeEnd = ends[1]
        }

        deinit {
            close(readEnd)
            close(writeEnd)
        }

        /// Takes what is in the pipe, at most 1 MiB, without waiting for more.
        func drain() -> String {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            var request = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            while bytes.count < 1 << 20, poll(&request, 1, 0) == 1 {
                let count = read(readEnd, &chunk, chunk.count)
                guard count > 0 else { break }
                bytes += chunk[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private func logger(_ pipe: Pipe, _ format: LogFormat = .json, level: Logger.Level = .info) -> Logger {
        let output = LogOutput(descriptor: pipe.writeEnd)
        return Logger(label: "test") { label in
            ServerLogHandler(label: label, level: level, format: format, output: output, now: { 0 })
        }
    }

    @Test("an event's fields win over the logger's, and levels below the limit are left out")
    func fields() throws {
        let pipe = try Pipe()
        var logger = logger(pipe)
        logger[metadataKey: "peer"] = "a"
        logger[metadataKey: "method"] = "m"
        logger.debug("not written")
        logger.warning("written", metadata: ["peer": "b"])
        #expect(
            pipe.drain() == #"{"time":"1970-01-01T00:00:00.000Z","level":"warning","logger":"test","#
                + #""message":"written","method":"m","peer":"b"}"# + "\n")
    }

    @Test("auto is JSON where the descriptor is no terminal, and text where it is")
    func auto() throws {
        let pipe = try Pipe()
        logger(pipe, .auto).info("a")
        #expect(pipe.drain().hasPrefix("{\"time\":"))
        logger(pipe, .text).info("a")
        #expect(pipe.drain() == "1970-01-01T00:00:00.000Z info    a\n")
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0)
        defer { close(terminal) }
        #expect(LogOutput(descriptor: terminal).isTerminal)
    }

    @Test("a stuck reader costs lines, which the next line counts, and no call waits")
    func stuckReader() throws {
        let pipe = try Pipe()
        let logger = logger(pipe)
        let text = String(repeating: "a", count: 1000)
        // More than any pipe holds by default: without the check this would never return.
        for _ in 0..<200 { logger.info("\(text)") }
        let written = pipe.drain().utf8.filter { $0 == UInt8(ascii: "\n") }.count
        #expect(written > 0 && written < 200)
        logger.info("after")
        #expect(pipe.drain().contains("\"log_lines_dropped\":\(200 - written)}"))
        logger.info("later")
        #expect(!pipe.drain().contains("log_lines_dropped"))
    }

    @Test("the start line holds every setting and where those that were given came from")
    func startLine() throws {
        let pipe = try Pipe()
        let outcome = ConfigurationLoader.load(
            arguments: ["--model=offline", "--loops=2"],
            environment: ["CHATD_LOG_LEVEL": "notice", "XDG_DATA_HOME": "/data"])
        guard case .serve(let configuration, let effective) = outcome else {
            Issue.record("refused")
            return
        }
        ServerLogging.logConfiguration(effective, to: logger(pipe, .text, level: configuration.logLevel))
        #expect(
            pipe.drain() == """
                1970-01-01T00:00:00.000Z notice  configuration allow-plaintext=false cache-key=finance_app \
                calls-per-connection-max=1000 connections-max=10000 diagnostics=false drain-grace=25s durability=none \
                frame-size-max=1MiB frame-timeout=30s \
                history-messages-max=40 history-tokens-max=32000 idle-timeout=0 listen=127.0.0.1:7420 \
                lock-ttl=10s lock-ttl-max=10m log-format=auto log-level=notice loops=2 model=offline \
                ping-interval=30s redis-ca-file="the system's" redis-certificate-file=none redis-key-file=none \
                session-idle-expiry=30d \
                set-by="--model, --loops, CHATD_LOG_LEVEL" store=sqlite:/data/chatd/chat.db stream-model="as --model" \
                system-prompt="built in" write-timeout=30s

                """)
    }
}
