// Google's own implementation reads what we pack and writes what we unpack.

import Glibc
import ProtoMessages
import Testing

@Suite("Beside protoc")
struct ProtocTests {
    /// The directory proto/ of the tree that these tests were compiled from.
    private static let protos: String = {
        let here = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return here.dropLast(3).joined(separator: "/") + "/proto"
    }()

    /// Runs protoc with `input` on standard input and gives its standard output.
    private func protoc(_ option: String, file: String, input: [UInt8]) throws -> [UInt8] {
        var template = Array("/tmp/proto-messages-tests.XXXXXX\0".utf8CString.map { $0 })
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        let path = template.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
        defer {
            close(descriptor)
            unlink(path)
        }
        try #require(write(descriptor, input, input.count) == input.count)
        let pipe = try #require(popen("protoc -I '\(Self.protos)' \(option) \(file) <'\(path)'", "r"))
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            output += buffer[..<count]
        }
        try #require(pclose(pipe) == 0, "protoc failed; is protobuf-compiler installed?")
        return output
    }

    private func check<M: RandomMessage>(_ type: M.Type, file: String, seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let message = M.random(&random)
        let text = try protoc("--decode=\(M.fullName)", file: file, input: message.packed())
        let bytes = try protoc("--deterministic_output --encode=\(M.fullName)", file: file, input: text)
        #expect(try M(unpacking: bytes.span) == message)
        #expect(bytes == message.packed(), "both pack \(M.fullName) to the same bytes")
    }

    @Test("messages of every kind pass through protoc's text format unchanged", arguments: 0..<4)
    func throughText(seed: Int) throws {
        let seed = UInt64(seed)
        try check(ChatRequest.self, file: "chat/v1/chat.proto", seed: seed)
        try check(ChatReply.self, file: "chat/v1/chat.proto", seed: seed)
        try check(ChatEvent.self, file: "chat/v1/chat.proto", seed: seed)
        try check(ListSessionsReply.self, file: "chat/v1/session.proto", seed: seed)
        try check(HoldLockEvent.self, file: "chat/v1/lock.proto", seed: seed)
        try check(ServerInfo.self, file: "chat/v1/server.proto", seed: seed)
        try check(HealthCheckResponse.self, file: "grpc/health/v1/health.proto", seed: seed)
        try check(EnvelopeRequest.self, file: "ttrpc/envelope.proto", seed: seed)
        try check(EnvelopeResponse.self, file: "ttrpc/envelope.proto", seed: seed)
        try check(ErrorInfo.self, file: "google/rpc/error_details.proto", seed: seed)
    }

    @Test("text that protoc encodes is read field by field")
    func fromText() throws {
        let text = """
            message: "안녕" session_id: "s-1" system_prompt: "" temperature: 0.5 max_output_tokens: 10
            when_busy: WHEN_BUSY_REFUSE
            """
        let bytes = try protoc(
            "--encode=chat.v1.ChatRequest", file: "chat/v1/chat.proto", input: Array(text.utf8))
        let expected = ChatRequest(
            message: "안녕", sessionID: "s-1", systemPrompt: "", temperature: 0.5, maxOutputTokens: 10,
            whenBusy: .refuse)
        #expect(try ChatRequest(unpacking: bytes.span) == expected)
    }
}
