// `chatctl import [FILE]`: conversations of another server or program, one JSON line each.

internal import ArgumentParser
internal import ChatClient

struct ImportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Read sessions with their messages, one JSON object a line.",
        discussion: """
            Reads what `chatctl export` writes, and what Python writes with json.dumps({"session_id": ..., \
            "messages": messages_to_dict(...)}). A line that fails is told with its number and the rest goes on. \
            Repeating an import is safe: messages that are there already are not added again, so an interrupted one \
            is completed.
            """)

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Flag(help: "Only check that the lines can be read; needs no server.")
    var dryRun = false

    @Flag(help: "Stop at the first line that fails.")
    var stopAtFirstError = false

    @Argument(help: ArgumentHelp("The file to read; standard input without it.", valueName: "file"))
    var file: String?

    func run() async throws {
        if dryRun { return try await importLines(to: nil) }
        try await withChatClient(to: connection.addresses, options: connection.clientOptions) { client in
            try await perform(with: client)
        }
    }

    func perform(with client: ChatClient) async throws {
        let frameBytesMax = try await client.serverInfo().frameBytesMax
        try await importLines(to: SessionImporter(client: client, frameBytesMax: Int(frameBytesMax)))
    }

    /// - Parameter importer: nil to read only.
    private func importLines(to importer: SessionImporter?) async throws {
        let reader = try LineReader(file, bytesMax: ConversationLine.bytesMax)
        var count = Count()
        while let line = try reader.next() {
            count.lines += 1
            if case .bytes(let bytes) = line, bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            do {
                let session = try Self.parsed(line)
                if session.skippedParts > 0 {
                    StandardError.say(
                        "line \(count.lines): parts that are no text were left out: \(session.skippedParts)")
                }
                let added = try await importer?.add(session) ?? 0
                count.sessions += 1
                count.messages += session.messages.count
                count.added += added
                if printsJSON { printLine(count.lines, session, added: added) }
            } catch let problem as LineProblem {
                tell(problem, line: count.lines)
                count.failures += 1
            } catch let error as ChatClientError {
                guard !Self.endsAll(error) else {
                    StandardError.say(
                        "line \(count.lines): the import stops here; the same command again completes it")
                    throw error
                }
                tell(LineProblem(ErrorWords.of(error)), line: count.lines)
                count.failures += 1
            }
            if stopAtFirstError, count.failures > 0 { break }
        }
        try report(count, isDryRun: importer == nil)
    }

    private struct Count {
        var lines = 0
        var sessions = 0
        var messages = 0
        var added = 0
        var failures = 0
    }

    private static func parsed(_ line: LineReader.Line) throws(LineProblem) -> ConversationLine {
        switch line {
        case .bytes(let bytes):
            let session = try ConversationLine(parsing: bytes)
            guard !session.messages.isEmpty else {
                throw LineProblem("it has no messages, and a session begins with its first; leave the line out")
            }
            return session
        case .tooLong:
            throw LineProblem("it is longer than \(ConversationLine.bytesMax) bytes; split the conversation")
        }
    }

    /// Failures that the next line would meet, too.
    private static func endsAll(_ error: ChatClientError) -> Bool {
        switch error.code {
        case .unavailable, .deadlineExceeded, .cancelled, .unauthenticated, .permissionDenied, .unimplemented: true
        default: false
        }
    }

    // MARK: Telling

    private func tell(_ problem: LineProblem, line: Int) {
        StandardError.say("line \(line): \(problem)")
        guard printsJSON else { return }
        let object: [(String, JSONText)] = [("line", .number(line)), ("problem", .string(problem.description))]
        StandardOutput.write(JSONText.object(object).line)
    }

    private func printLine(_ line: Int, _ session: ConversationLine, added: Int) {
        let object: [(String, JSONText)] = [
            ("line", .number(line)), ("session_id", .string(session.sessionID)),
            ("messages", .number(session.messages.count)), ("added", .number(added)),
        ]
        StandardOutput.write(JSONText.object(object).line)
    }

    private func report(_ count: Count, isDryRun: Bool) throws {
        if !printsJSON {
            let what = isDryRun ? "can be read" : "are there, \(count.added) of them new"
            StandardOutput.writeLine("\(count.sessions) sessions: \(count.messages) messages \(what)")
        }
        guard count.failures > 0 else { return }
        throw ProgramFailure(.invalidValue, "\(count.failures) lines failed")
    }
}

/// Sends conversations in parts that fit a frame.
struct SessionImporter {
    /// Of one request: fewer than the server takes, so that many tiny messages unpack within its limit, too.
    private static let partMessagesMax = 200
    /// What a message takes beside its texts, at most.
    private static let overheadBytes = 128

    private let client: ChatClient
    private let partBytesMax: Int

    /// - Parameter frameBytesMax: the server's; half of it leaves room for all that is around the messages.
    init(client: ChatClient, frameBytesMax: Int) {
        self.client = client
        partBytesMax = frameBytesMax / 2
    }

    /// Adds what is not there yet.
    ///
    /// - Returns: how many messages were added.
    /// - Throws: `ChatClientError`.
    func add(_ session: ConversationLine) async throws -> Int {
        var added = 0
        var position = 0
        while position < session.messages.count {
            let part = Self.part(of: session.messages[position...], bytesMax: partBytesMax)
            let reply = try await client.importMessages(
                ImportMessagesRequest(
                    sessionID: session.sessionID, firstPosition: UInt64(position + 1), messages: Array(part),
                    userID: session.userID, title: session.title, labels: session.labels,
                    createdUnixMicroseconds: session.createdUnixMicroseconds))
            added += Int(reply.addedMessages)
            position += part.count
        }
        return added
    }

    /// The first of the messages that fit together; one at least.
    static func part(of messages: ArraySlice<ChatMessage>, bytesMax: Int) -> ArraySlice<ChatMessage> {
        var bytes = 0
        var end = messages.startIndex
        while end < messages.endIndex, end - messages.startIndex < partMessagesMax {
            bytes += byteCount(of: messages[end])
            if bytes > bytesMax, end > messages.startIndex { break }
            end += 1
        }
        return messages[..<end]
    }

    private static func byteCount(of message: ChatMessage) -> Int {
        message.toolCalls.reduce(overheadBytes + message.text.utf8.count) {
            $0 + $1.id.utf8.count + $1.name.utf8.count + $1.arguments.utf8.count + overheadBytes
        }
    }
}
