// chatbench, the load tool of Chat Service: what calls take and what they cost. Program/ has the command line, Work/
// what a call is, Load/ who makes the calls, Measure/ what is measured, Model/ a model server to measure against.

internal import Glibc

let signals = SignalWatch.shared
// First of all, since threads inherit which signals are blocked.
signals.block()
signal(SIGPIPE, SIG_IGN)

let program = Task.detached { exit(await ProgramRun.run(Array(CommandLine.arguments.dropFirst()))) }
// This thread does nothing else. Left to the main queue it would take signals again: libdispatch unblocks them all
// there.
signals.watch()
