// One session as one line of JSON: what `export` writes and `import` reads.
//
//     {"session_id": "...", "user_id": "...", "title": "...", "labels": {...}, "created_unix_microseconds": N,
//      "messages": [MESSAGE, ...]}
//
// Only the first and the last are needed. A MESSAGE is a message of LangChain, as its `message_to_dict` makes it.

internal import ChatClient
internal import JSON
internal import LangChainFormat

/// A session with its messages, in order.
struct ConversationLine {
    /// A line is held in memory, and parsed there: as much as the in-memory store holds in all.
    static let bytesMax = 256 << 20

    var sessionID = ""
    var userID = ""
    var title = ""
    var labels: [Label] = []
    var createdUnixMicroseconds: Int64 = 0
    var messages: [ChatMessage] = []
    /// Parts of messages that are no text, such as images, and were left out.
    var skippedParts = 0
}

/// What is wrong with a line, and what to do. Holds nothing of what the line says.
struct LineProblem: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

// MARK: Reading

extension ConversationLine {
    /// - Throws: `LineProblem`.
    init(parsing bytes: [UInt8]) throws(LineProblem) {
        let root = try Self.parsed(bytes)
        guard root.kind == .object else {
            throw LineProblem(#"it is no JSON object; write {"session_id": "...", "messages": [...]}"#)
        }
        guard let id = root["session_id"]?.string, !id.isEmpty else {
            throw LineProblem(#"it has no "session_id"; give each conversation an id of its own"#)
        }
        guard let elements = root["messages"]?.elements else {
            throw LineProblem(#"it has no "messages"; write an array of LangChain's message dicts"#)
        }
        sessionID = id
        userID = root["user_id"]?.string ?? ""
        title = root["title"]?.string ?? ""
        createdUnixMicroseconds = Int64(root["created_unix_microseconds"]?.integer ?? 0)
        for (name, value) in root["labels"]?.members?.map({ $0 }) ?? [] {
            guard let value = value.string else { throw LineProblem("a label's value is no text") }
            labels.append(Label(key: name, value: value))
        }
        for element in elements {
            do throws(LangChainProblem) {
                messages.append(ChatMessage(try LangChainMessage(element, skippedParts: &skippedParts)))
            } catch {
                throw LineProblem("message \(messages.count + 1): \(error)")
            }
        }
    }

    private static func parsed(_ bytes: [UInt8]) throws(LineProblem) -> JSONElement {
        do throws(JSONError) {
            return try JSONDocument(bytes, limits: JSONLimits(bytesMax: bytesMax)).root
        } catch {
            let place = error.offset.map { " at byte \($0 + 1)" } ?? ""
            throw LineProblem("it is no JSON (\(words(error.kind))\(place)); write one JSON object on each line")
        }
    }

    private static func words(_ kind: JSONError.Kind) -> String {
        switch kind {
        case .tooDeep: "too many levels"
        case .invalidUTF8: "not UTF-8"
        case .invalidString: "a broken string"
        case .invalidNumber: "no number of JSON, such as NaN"
        case .outOfMemory, .tooLarge, .tooManyValues: "too large"
        case .empty, .invalidSyntax: "a fault"
        }
    }
}

// MARK: Writing

extension ConversationLine {
    /// Writes a line while its messages come.
    struct Writer {
        private(set) var bytes: [UInt8] = []
        private var isFirst = true

        /// Begins the line.
        init(_ session: Session) {
            var writer = JSONWriter()
            writer.object { writer in
                writer.key("session_id")
                writer.string(session.id)
                writer.key("user_id")
                writer.string(session.userID)
                writer.key("title")
                writer.string(session.title)
                writer.key("labels")
                writer.object { writer in
                    for label in session.labels {
                        writer.key(label.key)
                        writer.string(label.value)
                    }
                }
                writer.key("created_unix_microseconds")
                writer.integer(session.createdUnixMicroseconds)
            }
            bytes = writer.finish()
            // The object goes on.
            bytes.removeLast()
            bytes += #","messages":["#.utf8
        }

        mutating func add(_ message: ChatMessage) {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            var writer = JSONWriter(appendingTo: bytes)
            bytes = []
            LangChainMessage(message).write(to: &writer)
            bytes = writer.finish()
        }

        /// The whole line, with its end.
        consuming func finish() -> [UInt8] {
            var bytes = bytes
            bytes += "]}\n".utf8
            return bytes
        }
    }
}

// MARK: Messages

extension ChatMessage {
    fileprivate init(_ message: LangChainMessage) {
        let role: MessageRole =
            switch message.role {
            case .system: .system
            case .user: .user
            case .assistant: .assistant
            case .tool: .tool
            }
        self.init(role: role)
        text = message.text
        turnID = message.turnID
        createdUnixMicroseconds = message.createdMicroseconds
        model = message.model
        toolCalls = message.toolCalls.map { MessageToolCall(id: $0.id, name: $0.name, arguments: $0.arguments) }
        toolCallID = message.toolCallID
    }
}

extension LangChainMessage {
    fileprivate init(_ message: ChatMessage) {
        let role: Role =
            switch message.role {
            case .assistant: .assistant
            case .system: .system
            case .tool: .tool
            case .user, .unspecified, .unrecognized: .user
            }
        self.init(role: role, text: message.text)
        turnID = message.turnID
        createdMicroseconds = message.createdUnixMicroseconds
        model = message.model
        toolCalls = message.toolCalls.map { ToolCall(id: $0.id, name: $0.name, arguments: $0.arguments) }
        toolCallID = message.toolCallID
    }
}
