// `chatctl backup FILE`: the server's store as one file, while it serves.

internal import ArgumentParser
internal import ChatClient

struct BackupVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the server's whole store to a file, while it serves.",
        discussion: """
            The file is a database: start chatd with --store sqlite:FILE on it to restore. Every turn that was \
            answered before the backup began is in it. Until it is whole its name ends in .partial.
            """)

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Flag(help: "Replace a file of that name, and what a killed run has left.")
    var force = false

    @Argument(help: ArgumentHelp("The file to write.", valueName: "file"))
    var file: String

    func perform(with client: ChatClient) async throws {
        let partial = try PartialFile(file, replaces: force)
        var options = ChatCallOptions()
        options.timeout = connection.timeout?.duration
        var progress = ProgressLine()
        defer { progress.end() }
        var byteCount: UInt64 = 0
        for try await chunk in client.backup(options: options) {
            try partial.write(chunk.data)
            byteCount += UInt64(chunk.data.count)
            progress.show(byteCount, of: chunk.totalBytes)
        }
        try partial.finish()
        progress.end()
        if printsJSON {
            let object: [(String, JSONText)] = [("file", .string(file)), ("bytes", .number(byteCount))]
            StandardOutput.write(JSONText.object(object).line)
        } else {
            StandardOutput.writeLine("\(PlainText.shown(file)): \(byteCount) bytes")
        }
    }
}

/// How far a long run is, on one line of a terminal.
struct ProgressLine {
    private var shown: UInt64?

    /// Shows whole percents, and nothing where standard error is no terminal.
    mutating func show(_ done: UInt64, of total: UInt64) {
        guard StandardError.isTerminal, total > 0 else { return }
        let percent = done.multipliedFullWidth(by: 100).high == 0 ? done * 100 / total : 0
        guard percent != shown else { return }
        shown = percent
        StandardError.write("\r\(percent) % of \(total) bytes")
    }

    /// Clears the line. Harmless when repeated.
    mutating func end() {
        if shown != nil { StandardError.write("\r\u{1B}[K") }
        shown = nil
    }
}
