// `chatbench compare`: chatd beside its peers, in one command.

internal import ArgumentParser

struct CompareVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Measures chatd beside its peers, interleaved, and prints a Markdown table of medians.",
        discussion: """
            It builds the peers, and starts and stops every server itself: chatd, the peers', a model that answers \
            at once and a Redis for those that need one. Each measurement has a server of its own. What cannot be \
            built or started is named below the table with its own words.

            Names for --only: \(Selection.names.joined(separator: ", ")). Works alone are measured beside every \
            peer, peers alone in every work.

            Exit codes: 0; 1 when chatd itself could not be measured somewhere; 64 for a wrong command line; 130 \
            after Ctrl-C.
            """)

    @Option(help: ArgumentHelp("How often everything is measured.", valueName: "n"))
    var rounds = 5

    @Option(help: ArgumentHelp("How long each measurement takes, after a second of warm-up.", valueName: "seconds"))
    var duration = 3.0

    @Option(help: ArgumentHelp("Only these works, peers and others, by commas. (default: all)", valueName: "name,..."))
    var only: String?

    @Option(
        help: ArgumentHelp("The folder of chatd and chatbench. (default: where this program is)", valueName: "folder"))
    var programs: String?

    @Option(help: ArgumentHelp("A folder with one for each peer.", valueName: "folder"))
    var peers = "Tests/Benchmarks/peers"

    @Option(help: ArgumentHelp("Where peers are built, and stores lie.", valueName: "folder"))
    var build = ".build/peers"

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("One more argument for every chatd, such as --chatd-flag=--loops=1.", valueName: "flag"))
    var chatdFlag: [String] = []

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (1...99).contains(rounds) else { throw ValidationError("--rounds is 1 to 99") }
        guard duration >= 0.1, duration <= 600 else { throw ValidationError("--duration is 0.1 to 600 seconds") }
        _ = try selection()
    }

    private func selection() throws -> Selection {
        let names = only.map { $0.split(separator: ",").map(String.init) } ?? []
        do {
            return try Selection(names)
        } catch {
            throw ValidationError("--only: \(error.name) is none of \(Selection.names.joined(separator: ", "))")
        }
    }

    func run() async throws {
        let selection = try selection()
        let work = Task.detached { [self] in
            try await Workshop.with(
                programs: programs ?? OwnProcess.folder(), peers: peers, build: build, chatdFlags: chatdFlag
            ) { workshop in
                try await CompareRun.table(workshop, selection, rounds: rounds, seconds: duration)
            }
        }
        do {
            let table = try await SignalWatch.shared.heeding(by: { work.cancel() }) { try await work.value }
            Terminal.writeLine(json ? table.json : table.markdown)
            guard table.isComplete else { throw ProgramFailure(words: "", status: ExitStatus.callsFailed) }
        } catch is CancellationError {
            throw ProgramFailure(words: "", status: ExitStatus.ended(by: SignalWatch.shared.first ?? 2))
        } catch let failure as ChildFailure {
            throw ProgramFailure(words: failure.description, status: ExitStatus.unavailable)
        }
    }
}
