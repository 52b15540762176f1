// `chatctl export [FILE]`: sessions with their messages, one JSON line each, in LangChain's format.

internal import ArgumentParser
internal import ChatClient

struct ExportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write sessions with their messages as JSON, one a line.",
        discussion: """
            Each line is {"session_id", "user_id", "title", "labels", "created_unix_microseconds", "messages"}; the \
            messages are LangChain's, which Python reads with messages_from_dict and `chatctl import` reads on another \
            server. The session that was active last comes last. Until a file is whole its name ends in .partial.
            """)

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Option(name: .customLong("session"), help: ArgumentHelp("This session only; may be repeated.", valueName: "id"))
    var sessions: [String] = []

    @Flag(help: "Every caller's sessions, where that is allowed.")
    var all = false

    @Flag(help: "Replace a file of that name, and what a killed run has left.")
    var force = false

    @Argument(help: ArgumentHelp("The file to write; standard output without it.", valueName: "file"))
    var file: String?

    func validate() throws {
        if all, !sessions.isEmpty { throw ValidationError("--all and --session exclude each other") }
        if force, file == nil { throw ValidationError("--force goes with a file") }
    }

    func perform(with client: ChatClient) async throws {
        let partial = try file.map { try PartialFile($0, replaces: force) }
        var (sessionCount, messageCount, failures) = (0, 0, 0)
        for session in try await wanted(client) {
            do {
                let (line, count) = try await line(of: session, client)
                if let partial { try partial.write(line) } else { Self.print(line) }
                sessionCount += 1
                messageCount += count
            } catch let error as ChatClientError where error.code == .notFound && sessions.isEmpty {
                StandardError.say("session \(session.id) was deleted meanwhile and is left out")
            } catch let problem as LineProblem {
                StandardError.say("session \(session.id): \(problem)")
                failures += 1
            }
        }
        try partial?.finish()
        if let file { report(file, sessionCount, messageCount) }
        if failures > 0 { throw ProgramFailure(.failed, "\(failures) sessions are missing from the export") }
    }

    /// The oldest activity first, so that an import makes the same order.
    private func wanted(_ client: ChatClient) async throws -> [Session] {
        guard sessions.isEmpty else {
            var result: [Session] = []
            for id in Set(sessions) { result.append(try await client.session(id)) }
            return result.sorted { $0.updatedUnixMicroseconds < $1.updatedUnixMicroseconds }
        }
        // A session that is active while the list is read moves in front of what was read. Each round reads what became
        // active since the one before began, and rounds are short once the first is over.
        var found: [SessionName: Session] = [:]
        var seenUntil: Int64 = -1
        for _ in 0..<Self.listingsMax {
            var newest = seenUntil
            for try await session in client.sessions(allOwners: all) {
                newest = max(newest, session.updatedUnixMicroseconds)
                if session.updatedUnixMicroseconds <= seenUntil { break }
                found[SessionName(owner: session.owner, id: session.id)] = session
            }
            if newest == seenUntil { break }
            seenUntil = newest
        }
        return found.values.sorted { $0.updatedUnixMicroseconds < $1.updatedUnixMicroseconds }
    }

    /// A server where sessions are active all the time has no end of them: those of so many rounds are enough.
    private static let listingsMax = 8

    private struct SessionName: Hashable {
        var owner: String
        var id: String
    }

    private func line(of session: Session, _ client: ChatClient) async throws -> (bytes: [UInt8], messages: Int) {
        var writer = ConversationLine.Writer(session)
        var count = 0
        for try await message in client.messages(sessionID: session.id) {
            writer.add(message)
            count += 1
            guard writer.bytes.count < ConversationLine.bytesMax else {
                throw LineProblem(
                    "it is longer than \(ConversationLine.bytesMax) bytes, which no import reads; copy the whole store "
                        + "with chatctl backup")
            }
        }
        return (writer.finish(), count)
    }

    private static func print(_ line: [UInt8]) {
        StandardOutput.write(PlainText.shown(String(decoding: line, as: UTF8.self)))
    }

    private func report(_ file: String, _ sessionCount: Int, _ messageCount: Int) {
        if printsJSON {
            let object: [(String, JSONText)] = [
                ("file", .string(file)), ("sessions", .number(sessionCount)), ("messages", .number(messageCount)),
            ]
            StandardOutput.write(JSONText.object(object).line)
        } else {
            StandardOutput.writeLine("\(PlainText.shown(file)): \(sessionCount) sessions, \(messageCount) messages")
        }
    }
}
