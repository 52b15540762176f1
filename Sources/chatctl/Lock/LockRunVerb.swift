// `chatctl lock run KEY -- COMMAND`: a command that runs only while a lock is held.

internal import ArgumentParser
internal import ChatClient

struct LockRunVerb: Verb {
    static let fenceVariable = "CHAT_LOCK_FENCE"
    static let keyVariable = "CHAT_LOCK_KEY"

    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a command while holding a lock.",
        discussion: """
            The command is a process group of its own and has the lock's fence in \(fenceVariable) and its key in \
            \(keyVariable). SIGINT, SIGTERM and SIGHUP are passed on to it. When the lock is lost, the group gets \
            SIGTERM, and SIGKILL when --kill-grace is over. It cannot be suspended, since a suspended holder loses its \
            lock.

            Ends with the command's own code, or \(ExitStatus.tryLater.rawValue) not acquired, \
            \(ExitStatus.lockLost.rawValue) lost, \(ExitStatus.unavailable.rawValue) no server, \
            \(ExitStatus.notExecutable.rawValue) and \(ExitStatus.noSuchCommand.rawValue) no such command.
            """)

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions
    @OptionGroup var lease: LeaseOptions

    /// Others may hold the lock by then, so it is short; a script that cleans up needs a moment.
    @Option(help: ArgumentHelp("How long the command may take to end when the lock is lost.", valueName: "time"))
    var killGrace: TimeSpan = "5s"

    @Argument(help: "What to lock.")
    var key: String

    @Argument(parsing: .postTerminator, help: "What to run, after a --.")
    var command: [String] = []

    func validate() throws {
        if command.isEmpty { throw ValidationError("there is no command: write -- and the command after the key") }
    }

    func perform(with client: ChatClient) async throws {
        let (key, command, grace) = (key, command, killGrace.duration)
        let signals = SignalWatch.shared
        let end = try await client.withLock(
            key, ttl: lease.ttl.duration, wait: lease.wait.duration, ownerLabel: lease.ownerLabel
        ) { lock in
            try Task.checkCancellation()
            let child = try ChildProcess.start(
                command, variables: [(Self.fenceVariable, String(lock.fence)), (Self.keyVariable, key)])
            // Registered first, so that a signal from now on is the command's.
            return await signals.redirect(to: { child.signal($0) }) {
                await withTaskCancellationHandler {
                    await child.end()
                } onCancel: {
                    StandardError.say("the lock is lost, the command is ended")
                    child.stop(grace: grace)
                }
            }
        }
        switch end {
        case .exited(0): return
        case .exited(let code): throw ProgramFailure(status: code)
        case .signalled(let signal): throw ProgramFailure(status: 128 + signal)
        }
    }
}
