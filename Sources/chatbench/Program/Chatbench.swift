// The root of the command line, and the verbs that each are a kind of work under the same options.

internal import ArgumentParser
internal import ChatClient

struct Chatbench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chatbench",
        abstract: "Measures a chatd server: load, latencies, and what a call costs the server.",
        discussion: """
            Each connection keeps a number of calls in flight and makes the next one when one ends, a closed loop. \
            There a slow server is asked less often, so its tail is told too kindly; the corrected latencies add the \
            calls that were not made. With --rate calls are due at fixed times, whatever the server does, and a \
            latency counts from when the call was due. Latencies are those of the calls that ended while it measured.

            Ctrl-C ends a run early and reports what was measured until then; a second one ends it at once.

            Exit codes: 0; 1 when more than 1 % of the calls failed; 64 for a wrong command line; 69 when no server \
            answers; 130 after Ctrl-C.
            """,
        subcommands: [
            EchoVerb.self, ChatVerb.self, StreamVerb.self, LockVerb.self, SessionsVerb.self, IdleVerb.self,
            ModelVerb.self, CompareVerb.self,
        ])
}

struct EchoVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "Echoes of bytes; the server needs --diagnostics.")
    @OptionGroup var load: LoadOptions
    @Option(help: ArgumentHelp("How much is echoed.", valueName: "bytes"))
    var payload = 128

    func validate() throws {
        guard (0...(512 << 10)).contains(payload) else { throw ValidationError("--payload is 0 to 524288 bytes") }
    }

    func run() async throws {
        try await LoadRun.run(load) { _ in EchoWork(payloadBytes: payload) }
    }
}

struct ChatVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Turns, each answered as a whole; tokens are those of the reply's usage.")
    @OptionGroup var load: LoadOptions
    @OptionGroup var conversation: ConversationOptions

    func run() async throws {
        try await LoadRun.run(load) { ChatWork(Conversation(conversation, caller: $0)) }
    }
}

struct StreamVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream", abstract: "Turns, each streamed to its end; tokens are the pieces of text that came.")
    @OptionGroup var load: LoadOptions
    @OptionGroup var conversation: ConversationOptions

    func run() async throws {
        try await LoadRun.run(load) { StreamWork(Conversation(conversation, caller: $0)) }
    }
}

struct LockVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Acquire and Release in turns, a call each; every caller has a key of its own.")
    @OptionGroup var load: LoadOptions

    func run() async throws {
        try await LoadRun.run(load) { LockWork(caller: $0) }
    }
}

struct SessionsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "GetSession, ListMessages and ListSessions in turns; every caller begins with one chat turn.")
    @OptionGroup var load: LoadOptions

    func run() async throws {
        try await LoadRun.run(load) { SessionsWork(caller: $0) }
    }
}
