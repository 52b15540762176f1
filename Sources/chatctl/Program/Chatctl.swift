// The root of the command line: its verbs and its help.

internal import ArgumentParser

struct Chatctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chatctl",
        abstract: "Talks to a chatd server: chats, sessions, locks, backups.",
        discussion: """
            With --json every verb prints one JSON object a line, with stable keys; a failed verb's last line is then \
            {"error": {"code", "reason", "message", "retryable"}}. Errors are also told in words on standard error.

            Exit codes:
            \(ExitStatus.table)
            """,
        version: "chatctl \(ProgramVersion.current)",
        subcommands: [
            ChatVerb.self, SessionsVerb.self, HistoryVerb.self, RenameVerb.self, DeleteVerb.self, CancelVerb.self,
            BackupVerb.self, ExportVerb.self, ImportVerb.self, HealthVerb.self, InfoVerb.self, LockVerbs.self,
            EchoVerb.self,
        ])

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions
}
