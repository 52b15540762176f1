// Runs one command line and turns every error into words on standard error and an exit code. main.swift calls it.

internal import ArgumentParser
internal import ChatClient

/// Why the program ends without a report.
struct ProgramFailure: Error {
    let words: String
    let status: Int32
}

/// The exit codes, those of sysexits.h where it has one.
enum ExitStatus {
    static let success: Int32 = 0
    /// More calls failed than a figure can bear.
    static let callsFailed: Int32 = 1
    /// No server, or not the service that was asked for.
    static let unavailable: Int32 = 69

    /// Ended by a signal, as shells tell it.
    static func ended(by signal: Int32) -> Int32 { 128 + signal }
}

enum ProgramRun {
    /// - Returns: the exit code.
    static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try Chatbench.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return ExitStatus.success
        } catch let failure as ProgramFailure {
            if !failure.words.isEmpty { Terminal.say(failure.words) }
            return failure.status
        } catch let error as ChatClientError {
            Terminal.say(error.description)
            return ExitStatus.unavailable
        } catch {
            return reportParsing(error)
        }
    }

    /// Errors of the command line, and requests for help, which the parser throws too.
    private static func reportParsing(_ error: any Error) -> Int32 {
        let status = Chatbench.exitCode(for: error).rawValue
        let text = Chatbench.fullMessage(for: error)
        guard status != ExitStatus.success else {
            Terminal.writeLine(text)
            return status
        }
        let prefix = "Error: "
        Terminal.say(text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
        return status
    }
}
