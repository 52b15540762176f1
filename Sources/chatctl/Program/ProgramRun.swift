// Runs one command line and turns every error into words on standard error and an exit code. main.swift calls it.

internal import ArgumentParser
internal import ChatClient

enum ProgramRun {
    /// - Returns: the exit code.
    static func run(_ arguments: [String], signals: SignalWatch) async -> Int32 {
        var printsJSON = false
        do {
            var command = try Chatctl.parseAsRoot(arguments)
            if let verb = command as? any Verb { printsJSON = verb.connection.json }
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return ExitStatus.success.rawValue
        } catch let error as ChatClientError {
            if let signal = signals.first, error.code == .cancelled { return ended(by: signal) }
            return report(error, printsJSON)
        } catch let failure as ProgramFailure {
            if !failure.words.isEmpty { StandardError.say(failure.words) }
            return failure.status
        } catch is CancellationError {
            return ended(by: signals.first)
        } catch {
            return reportParsing(error)
        }
    }

    /// A program that a signal stopped says no more: who sent it knows.
    private static func ended(by signal: Int32?) -> Int32 { 128 + (signal ?? 2) }

    private static func report(_ error: ChatClientError, _ printsJSON: Bool) -> Int32 {
        StandardError.say(ErrorWords.of(error))
        if printsJSON { StandardOutput.write(JSONText.error(error).line) }
        return ExitStatus(error).rawValue
    }

    /// Errors of the command line, and requests for help, which the parser throws too.
    private static func reportParsing(_ error: any Error) -> Int32 {
        let status = Chatctl.exitCode(for: error).rawValue
        let text = Chatctl.fullMessage(for: error)
        guard status != ExitStatus.success.rawValue else {
            StandardOutput.write(text + "\n")
            return status
        }
        let prefix = "Error: "
        StandardError.say(text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
        return status
    }
}
