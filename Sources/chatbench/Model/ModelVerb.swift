// A model server that costs nearly nothing, so that what is measured is chatd. In a process of its own, so that its CPU
// is not chatd's.

internal import ArgumentParser
internal import FakeModel
internal import IOLoop

struct ModelVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Serves an OpenAI-compatible model on loopback that answers at once; prints its base URL.",
        discussion: """
            For example: chatbench model --tokens 50, then with the URL that it prints: \
            chatd --model openai:fake@URL, then: chatbench stream. It runs until it is stopped.
            """)

    @Option(help: ArgumentHelp("Tokens of every answer.", valueName: "n"))
    var tokens = 50

    @Option(help: ArgumentHelp("The time between two tokens; 0 sends them all at once.", valueName: "milliseconds"))
    var interval = 0.0

    @Flag(help: "Write into each token when it was sent, so that chatbench stream tells how long tokens take.")
    var stamp = false

    @Option(help: ArgumentHelp("The port; 0 picks a free one.", valueName: "port"))
    var port: UInt16 = 0

    /// One that was forgotten ends by itself.
    private static let lifetime = Duration.seconds(7 * 86_400)

    func validate() throws {
        guard (1...1_000_000).contains(tokens) else { throw ValidationError("--tokens is 1 to 1000000") }
        guard interval >= 0, interval <= 60_000 else { throw ValidationError("--interval is 0 to 60000 milliseconds") }
    }

    func run() async throws {
        do {
            let actor = LoopActor(try IOLoop(label: "chatbench-model"))
            try await actor.run { [tokens, interval, stamp, port] actor in
                var limits = FakeModelLimits()
                limits.recordsMax = 0
                let pause = Duration.milliseconds(interval)
                let script: FakeModelScript =
                    stamp ? .stampedAnswer(tokens: tokens, interval: pause) : .answer(tokens: tokens, interval: pause)
                let model = FakeModel(on: actor.loop, scripts: [script], limits: limits)
                try model.start(port: port)
                Terminal.writeLine(model.baseURL)
                try await actor.loop.sleep(until: .now + Self.lifetime)
                model.stop()
            }
        } catch let error as SystemError {
            throw ProgramFailure(words: "cannot serve a model: \(error)", status: ExitStatus.unavailable)
        }
    }
}
