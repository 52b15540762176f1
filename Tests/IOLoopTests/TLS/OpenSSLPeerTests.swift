// TLS with a peer that others wrote: the openssl program as server and as client.

import Glibc
import ProgramSupport
import Testing

@testable import IOLoop

@Suite("TLS with OpenSSL's programs", .timeLimit(.minutes(2)))
struct OpenSSLPeerTests {
    let onLoop: LoopActor

    init() throws { onLoop = LoopActor(try IOLoop(label: "test")) }

    /// `openssl s_server`, on a port of its own choice.
    private func withServer<Value: Sendable>(
        _ arguments: [String], _ body: (SocketAddress) async throws -> Value
    ) async throws -> Value {
        let certificates = try await Certificates.made()
        let pair = ["-cert", certificates.server.certificate, "-key", certificates.server.key]
        let program = try ChildProgram.start("openssl", ["s_server", "-accept", "127.0.0.1:0"] + pair + arguments)
        defer { program.signal(SIGKILL) }
        let port = { @Sendable (output: String) -> UInt16? in
            let line = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .first { $0.hasPrefix("ACCEPT") }
            return line?.split(separator: ":").last.flatMap { UInt16($0) }
        }
        try await program.wait(for: "its port") { port($0.output) != nil }
        let address = try #require(
            port(program.snapshot.output).flatMap { SocketAddress(numericHost: "127.0.0.1", port: $0) })
        return try await body(address)
    }

    @Test("our client to its server, in both versions", arguments: ["1_2", "1_3"])
    func toServer(version: String) async throws {
        let certificates = try await Certificates.made()
        let context = try certificates.clientContext(as: certificates.client)
        // It demands a certificate, too, and answers each line with the line reversed.
        let demand = ["-Verify", "1", "-verify_return_error", "-CAfile", certificates.authority.certificate]
        let (received, terms) = try await withServer(["-rev", "-tls\(version)"] + demand) { address in
            try await onLoop.run { actor in
                let filter = try context.makeClientFilter(serverName: "redis.example")
                let client = try await Collector.connect(to: address, on: actor.loop, filter: filter)
                defer { client.stream.close() }
                client.stream.write { $0.append(contentsOf: "abc\n".utf8) }
                let first = try await client.bytes(4, on: actor.loop)
                client.stream.write { $0.append(contentsOf: "defg\n".utf8) }
                let all = try await client.bytes(first.count + 5, on: actor.loop)
                return (String(decoding: all, as: UTF8.self), filter.terms)
            }
        }
        #expect(received == "cba\ngfed\n")
        #expect(terms?.hasPrefix("TLSv\(version == "1_2" ? "1.2" : "1.3") ") == true)
    }

    @Test("its server's word for the end is understood, after all that it said before")
    func serverFinishes() async throws {
        let context = try await Certificates.made().clientContext()
        let (page, end) = try await withServer(["-www"]) { address in
            try await onLoop.run { actor in
                let filter = try context.makeClientFilter(serverName: "redis.example")
                let client = try await Collector.connect(to: address, on: actor.loop, filter: filter)
                defer { client.stream.close() }
                client.stream.write { $0.append(contentsOf: "GET / HTTP/1.0\r\n\r\n".utf8) }
                let end = try await client.nextEnd(on: actor.loop)
                return (String(decoding: client.collected, as: UTF8.self), end)
            }
        }
        #expect(page.hasPrefix("HTTP/1.0 200 ok"))
        #expect(page.hasSuffix("</HTML>\r\n\r\n"))
        #expect(end == .peerClosed)
    }

    @Test("its server refuses a client without a certificate, and says so", arguments: ["1_2", "1_3"])
    func serverRefuses(version: String) async throws {
        let certificates = try await Certificates.made()
        let context = try certificates.clientContext()
        let demand = ["-Verify", "1", "-verify_return_error", "-CAfile", certificates.authority.certificate]
        let end = try await withServer(["-rev", "-tls\(version)"] + demand) { address in
            try await onLoop.run { actor in
                let filter = try context.makeClientFilter(serverName: "redis.example")
                let client = try await Collector.connect(to: address, on: actor.loop, filter: filter)
                defer { client.stream.close() }
                client.stream.write { $0.append(contentsOf: "abc\n".utf8) }
                return try await client.nextEnd(on: actor.loop)
            }
        }
        guard case .filterFailed(let words) = end else {
            Issue.record("\(end)")
            return
        }
        // TLS 1.2 has no alert for it.
        #expect(words.contains(version == "1_2" ? "or it demands a client certificate" : "name one and its key"))
    }

    /// Runs `openssl s_client` against our echo, which ends a connection once it has seen `last`.
    private func client(
        _ arguments: [String], input: String, last: String
    ) async throws -> (program: ChildProgram.Snapshot, received: Int, end: ByteStreamEnd) {
        let certificates = try await Certificates.made()
        let trust = ["-CAfile", certificates.authority.certificate, "-verify_return_error", "-verify_quiet"]
        return try await onLoop.run { actor in
            let server = try secureEcho(try certificates.serverContext(), on: actor.loop)
            defer { server.close() }
            server.afterRead = { connection, bytes in
                if String(decoding: bytes, as: UTF8.self).contains(last) { connection.stream.finish() }
            }
            let program = try ChildProgram.start(
                "openssl",
                ["s_client", "-connect", "127.0.0.1:\(server.address.port)", "-servername", "redis.example"] + trust
                    + ["-verify_hostname", "redis.example"] + arguments, streams: .pipes(input: input))
            defer { program.signal(SIGKILL) }
            let end = try await server.nextEnd()
            return (try await program.end(), server.receivedBytes, end)
        }
    }

    @Test("its client to our server, in both versions", arguments: ["1_2", "1_3"])
    func fromClient(version: String) async throws {
        let words = String(repeating: "a line of many\n", count: 1000) + "last\n"
        let result = try await client(["-quiet", "-tls\(version)"], input: words, last: "last\n")
        #expect(result.program.output == words)
        #expect(result.program.status == 0)
        #expect(result.received == words.utf8.count)
        // It answers our word for the end with its own.
        #expect(result.end == .peerClosed)
    }

    @Test("its client is refused with a version that is too old, and hears why")
    func oldVersion() async throws {
        let result = try await client(
            ["-quiet", "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"], input: "", last: "last\n")
        #expect(result.program.status != 0)
        #expect(result.program.errors.contains("alert protocol version"))
        guard case .filterFailed(let words) = result.end else {
            Issue.record("\(result.end)")
            return
        }
        #expect(words.contains("the client speaks no version from 1.2 on"))
    }

    @Test("its client may change keys in mid-stream, and have ours changed")
    func keyUpdate() async throws {
        let result = try await typing(["-tls1_3"], command: "K\n", until: "KEYUPDATE")
        #expect(result.program.output.contains("after all"))
        #expect(result.end == .peerClosed)
    }

    @Test("its client may not renegotiate")
    func renegotiation() async throws {
        let result = try await typing(["-tls1_2"], command: "R\n", until: "no renegotiation")
        #expect(result.received == 0)
    }

    /// Gives s_client a command at its terminal, and words after it that our echo answers by the end.
    private func typing(
        _ arguments: [String], command: String, until text: String
    ) async throws -> (program: ChildProgram.Snapshot, received: Int, end: ByteStreamEnd) {
        let certificates = try await Certificates.made()
        return try await onLoop.run { actor in
            let server = try secureEcho(try certificates.serverContext(), on: actor.loop)
            defer { server.close() }
            server.afterRead = { connection, bytes in
                if bytes.last == UInt8(ascii: "\n") { connection.stream.finish() }
            }
            let program = try ChildProgram.start(
                "openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(server.address.port)", "-CAfile",
                    certificates.authority.certificate,
                ] + arguments, streams: .terminal)
            defer { program.signal(SIGKILL) }
            try await program.wait(forOutput: "Verify return code: 0 (ok)")
            program.type(command)
            try await program.wait(forOutput: text)
            program.type("after all\n")
            let end = try await server.nextEnd()
            return (try await program.end(), server.receivedBytes, end)
        }
    }
}
