// chatbench, the load tool of Chat Service: calls in a closed loop, and what they cost. Program/ has the command line,
// Work/ what a call is, Load/ who makes the calls, Measure/ what is measured, Model/ a model server to measure against.

internal import Glibc

signal(SIGPIPE, SIG_IGN)
exit(await ProgramRun.run(Array(CommandLine.arguments.dropFirst())))
