// chatctl, the command line of Chat Service. What starts here: signals, the parser, one verb, the exit code. Verbs are
// one file each, in folders by service; Program/ has what they share, Output/ how they print.

internal import Glibc

let signals = SignalWatch.shared
// First of all, since threads inherit which signals are blocked.
signals.block()
// A closed pipe is an error of write(2), which StandardOutput turns into a quiet end.
signal(SIGPIPE, SIG_IGN)

let program = Task.detached {
    exit(await ProgramRun.run(Array(CommandLine.arguments.dropFirst()), signals: signals))
}
signals.cancels(program)
// This thread does nothing else. Left to the main queue it would take signals again: libdispatch unblocks them all
// there.
signals.watch()
