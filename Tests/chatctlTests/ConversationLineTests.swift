// Conversations as lines: what is written reads back the same, and what is read tolerantly.

import ChatClient
import JSON
import Testing

@testable import chatctl

@Suite("Conversations as lines")
struct ConversationLineTests {
    private func read(_ messages: String) throws -> ConversationLine {
        try ConversationLine(parsing: Array(#"{"session_id": "s", "messages": [\#(messages)]}"#.utf8))
    }

    private func problem(_ line: String) -> String? {
        do throws(LineProblem) {
            _ = try ConversationLine(parsing: Array(line.utf8))
            return nil
        } catch {
            return error.description
        }
    }

    @Test("a session reads back as it was written")
    func roundTrip() throws {
        let session = Session(
            id: "s\"1\"", title: "a title\n", labels: [Label(key: "a", value: ""), Label(key: "b", value: "\u{0}")],
            createdUnixMicroseconds: 17, userID: "u")
        let calls = [
            MessageToolCall(
                id: "1", name: "f", arguments: #"{"a":[1,2.5,null,18446744073709551615],"b":{"b":"\u0000"}}"#),
            MessageToolCall(id: "2", name: "g", arguments: "[not an object]"),
        ]
        let messages = [
            ChatMessage(role: .system, text: ""),
            ChatMessage(role: .user, text: "\u{0}\u{1F600}\"\\", turnID: "t", createdUnixMicroseconds: 18),
            ChatMessage(
                role: .assistant, text: "a", turnID: "t", createdUnixMicroseconds: 19, model: "m", toolCalls: calls),
            ChatMessage(role: .tool, text: "b", toolCallID: "1"),
        ]
        var writer = ConversationLine.Writer(session)
        for message in messages { writer.add(message) }
        let bytes = writer.finish()
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 1 && bytes.last == UInt8(ascii: "\n"))
        let line = try ConversationLine(parsing: bytes)
        #expect(line.sessionID == session.id && line.title == session.title && line.userID == session.userID)
        #expect(line.labels == session.labels && line.createdUnixMicroseconds == 17)
        #expect(line.messages == messages && line.skippedParts == 0)
        let empty = try ConversationLine(parsing: ConversationLine.Writer(Session(id: "s")).finish())
        #expect(empty.messages == [])
    }

    @Test("every kind of LangChain's messages is read in its role")
    func kinds() throws {
        let roles: [(String, MessageRole)] = [
            (#""type": "human""#, .user), (#""type": "HumanMessageChunk""#, .user), (#""type": "ai""#, .assistant),
            (#""type": "AIMessageChunk""#, .assistant), (#""type": "system""#, .system),
            (#""type": "SystemMessageChunk""#, .system), (#""type": "tool""#, .tool),
            (#""type": "ToolMessageChunk""#, .tool), (#""type": "function""#, .tool),
            (#""type": "chat", "role": "user""#, .user), (#""type": "chat", "role": "assistant""#, .assistant),
            (#""type": "chat", "role": "developer""#, .system),
        ]
        for (type, role) in roles {
            let line = try read(#"{"data": {\#(type), "content": "x", "unknown": {}}}, {\#(type), "content": "x"}"#)
            #expect(line.messages.map(\.role) == [role, role], "\(type)")
        }
    }

    @Test("contents in parts are joined, and what is no text is counted")
    func contents() throws {
        let line = try read(
            #"""
            {"type": "human", "content": ["a", {"type": "text", "text": "b"}, {"type": "image_url"}, 3]},
            {"type": "ai", "content": null}, {"type": "ai", "content": []}
            """#)
        #expect(line.messages.map(\.text) == ["ab", "", ""])
        #expect(line.skippedParts == 2)
    }

    @Test("tool calls of older histories are read where the provider wrote them")
    func olderToolCalls() throws {
        let line = try read(
            #"""
            {"type": "ai", "content": "", "additional_kwargs": {"tool_calls":
                [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}}]}}
            """#)
        #expect(line.messages[0].toolCalls == [MessageToolCall(id: "1", name: "f", arguments: #"{"x": 1}"#)])
    }

    @Test("what cannot be read says where and what to do")
    func problems() {
        let message = #"{"type": "human", "content": "x"}"#
        #expect(problem(#"{"session_id": "s", "messages": [\#(message)]}"#) == nil)
        #expect(problem("")?.contains("one JSON object on each line") == true)
        #expect(problem(#"{"session_id": "s", "messages": [NaN]}"#)?.contains("at byte 34") == true)
        #expect(problem("[]")?.contains("no JSON object") == true)
        #expect(problem(#"{"session_id": "", "messages": []}"#)?.contains("session_id") == true)
        #expect(problem(#"{"session_id": "s"}"#)?.contains("messages") == true)
        #expect(problem(#"{"session_id": "s", "labels": {"a": 1}, "messages": []}"#)?.contains("label") == true)
        for (bad, words) in [
            (#"{"type": "remove", "content": ""}"#, "type is not known"), (#"{"type": "human"}"#, "content"),
            (#"{"type": "chat", "role": "narrator", "content": ""}"#, "role is not known"),
            (#"{"type": "human", "content": 1}"#, "neither a text nor a list"), (#"{}"#, "no message"),
            ("3", "no message"),
        ] {
            let found = problem(#"{"session_id": "s", "messages": [\#(message), \#(bad)]}"#)
            #expect(found?.hasPrefix("message 2: ") == true && found?.contains(words) == true, "\(bad)")
        }
    }

    @Test("a conversation is sent in parts of a bounded size, and one message alone where it is larger")
    func parts() {
        let messages = [10, 10, 500, 10, 10, 10].map { ChatMessage(text: String(repeating: "x", count: $0)) }
        var rest = messages[...]
        var counts: [Int] = []
        while !rest.isEmpty {
            let part = SessionImporter.part(of: rest, bytesMax: 300)
            counts.append(part.count)
            rest = rest[part.endIndex...]
        }
        #expect(counts == [2, 1, 2, 1])
        let many = Array(repeating: ChatMessage(text: ""), count: 1000)
        #expect(SessionImporter.part(of: many[...], bytesMax: .max).count == 200)
    }
}
