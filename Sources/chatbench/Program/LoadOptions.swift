// The options of every verb that makes load, with their bounds.

internal import ArgumentParser
internal import ChatClient

struct LoadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server.", valueName: "host:port"))
    var server = "127.0.0.1:\(ChatClient.defaultPort)"

    @Option(help: ArgumentHelp("TCP connections.", valueName: "n"))
    var connections = 1

    @Option(help: ArgumentHelp("Calls in flight on each connection.", valueName: "n"))
    var inFlight = 1

    @Option(
        help: ArgumentHelp(
            "Begin calls at a fixed rate, of all connections together. (default: whenever one ends)",
            valueName: "calls per second"))
    var rate: Double?

    @Option(help: ArgumentHelp("How the calls of --rate are spread over time: even or poisson.", valueName: "pattern"))
    var arrivals = ArrivalPattern.even

    @Option(
        help: ArgumentHelp(
            "What latencies are corrected for in a closed loop: from one call to the next. (default: the median)",
            valueName: "microseconds"))
    var expectedInterval: Double?

    @Option(help: ArgumentHelp("How long to measure.", valueName: "seconds"))
    var duration = 10.0

    @Option(help: ArgumentHelp("How long to make calls before that.", valueName: "seconds"))
    var warmUp = 1.0

    @Option(help: ArgumentHelp("A call's time limit.", valueName: "seconds"))
    var timeout = 10.0

    @Option(help: ArgumentHelp("Event loops, each a thread, that the connections are spread over.", valueName: "n"))
    var loops = 1

    @Option(
        help: ArgumentHelp(
            "Whose CPU and memory to count. (default: who listens on the server's port, if it is this machine's)",
            valueName: "pid"))
    var serverPid: Int32?

    @Flag(help: "Tell each second how it goes, also where standard error is no terminal.")
    var progress = false

    @Flag(help: "Print one JSON object.")
    var json = false

    /// Callers, each a task with one call in flight.
    var callers: Int { connections * inFlight }

    func validate() throws {
        guard (1...20_000).contains(connections) else { throw ValidationError("--connections is 1 to 20000") }
        guard (1...10_000).contains(inFlight) else { throw ValidationError("--in-flight is 1 to 10000") }
        guard connections * inFlight <= 100_000 else {
            throw ValidationError("--connections times --in-flight is at most 100000")
        }
        if let rate, !(rate >= 0.01 && rate <= 10_000_000) {
            throw ValidationError("--rate is 0.01 to 10000000 calls per second")
        }
        if let expectedInterval, !(expectedInterval >= 0.001 && expectedInterval <= 60_000_000) {
            throw ValidationError("--expected-interval is 0.001 to 60000000 microseconds")
        }
        guard rate == nil || expectedInterval == nil else {
            throw ValidationError("--expected-interval is for a closed loop: with --rate nothing is left to correct")
        }
        guard duration >= 0.1, duration <= 86_400 else { throw ValidationError("--duration is 0.1 to 86400 seconds") }
        guard warmUp >= 0, warmUp <= 3600 else { throw ValidationError("--warm-up is 0 to 3600 seconds") }
        guard timeout >= 0.01, timeout <= 3600 else { throw ValidationError("--timeout is 0.01 to 3600 seconds") }
        guard (1...64).contains(loops), loops <= connections else {
            throw ValidationError("--loops is 1 to 64, and at most --connections")
        }
    }

    var shape: LoadShape { LoadShape(connections: connections, inFlight: inFlight, rate: rate) }

    /// No call is tried again: a bench counts each one that fails.
    var client: ChatClientOptions {
        var options = ChatClientOptions()
        options.attemptsMax = 1
        options.callsInFlightMax = inFlight
        options.connectionAgeMax = nil
        options.connectTimeout = min(options.connectTimeout, .seconds(timeout))
        options.callTimeout = .seconds(timeout)
        options.chatTimeout = .seconds(timeout)
        return options
    }
}

struct ConversationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What is asked.", valueName: "text"))
    var message = "Tell me what moved the market this morning."

    @Option(help: ArgumentHelp("Turns of a session before the next is begun.", valueName: "n"))
    var turnsPerSession = 10

    func validate() throws {
        guard (1...1_000_000).contains(turnsPerSession) else {
            throw ValidationError("--turns-per-session is 1 to 1000000")
        }
    }
}
