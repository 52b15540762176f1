// chatctl, the command line of Chat Service. What starts here: signals, the parser, one verb, the exit code. Verbs are
// one file each, in folders by service; Program/ has what they share, Output/ how they print.

internal import Glibc

// First of all, since threads inherit which signals are blocked.
let signals = SignalWatch.start()
// A closed pipe is an error of write(2), which StandardOutput turns into a quiet end.
signal(SIGPIPE, SIG_IGN)

let program = Task { await ProgramRun.run(Array(CommandLine.arguments.dropFirst()), signals: signals) }
signals.cancels(program)
exit(await program.value)
