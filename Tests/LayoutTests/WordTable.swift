// Words that hand-written files do not use, each with what to write instead. WordRule holds the tree to it.

/// One banned word.
struct BannedWord: Sendable {
    /// Where a word is banned.
    enum Scope: Sendable {
        /// Swift code under Sources/, comments left out.
        case sources
        /// As `sources`, without the programs (chatd, chatctl, chatbench) and what serves only tests.
        case libraries
        /// As `libraries`, without IOLoop, which is where tasks are started.
        case callPath
        /// Every hand-written text file, comments included.
        case everywhere
    }

    var word: String
    var scope: Scope
    /// Completes the sentence "`word` is not used here: ...".
    var instead: String
    /// Files that may use it, by path, with the reason.
    var allowed: [String: String] = [:]
    /// True where upper and lower case are the same word.
    var ignoresCase = false
}

enum WordTable {
    static let programs = ["Sources/chatd/", "Sources/chatctl/", "Sources/chatbench/"]
    static let testSupport = ["Sources/FakeModel/"]

    /// Why the words that start a task are banned.
    private static let oneActor =
        "a call stays on its loop's actor; await it, or start it with IOLoop"

    /// The few places where a task without a parent starts.
    private static let startsCalls = [
        "Sources/RPC/Server/ServerConnection.swift":
            "a call's task prefers its connection's loop and is isolated to the connection",
        "Sources/RPC/Client/RPCClient+Connecting.swift":
            "connecting outlives the calls that wait for it; its closure takes the client's isolation",
        "Sources/RedisStore/Connection/RedisClient.swift":
            "connecting outlives the calls that wait for it; it runs on the client's loop",
        "Sources/RedisStore/Connection/RedisSubscriber.swift":
            "connecting outlives those who listen; it runs on the client's loop",
        "Sources/ChatClient/Uncancelled.swift": "a lock is given back also when its holder was cancelled",
    ]

    static let code: [BannedWord] = [
        BannedWord(word: "Task {", scope: .callPath, instead: oneActor, allowed: startsCalls),
        BannedWord(word: "Task{", scope: .callPath, instead: oneActor),
        BannedWord(word: "Task(", scope: .callPath, instead: oneActor, allowed: startsCalls),
        BannedWord(word: "Task.detached", scope: .callPath, instead: oneActor),
        BannedWord(word: "Task.immediate", scope: .callPath, instead: oneActor),
        BannedWord(word: "Task.sleep", scope: .callPath, instead: "use the loop's timers, which tests can see"),
        BannedWord(word: ".sync {", scope: .sources, instead: "it blocks a thread; hop with async or use a Mutex"),
        BannedWord(word: ".sync(", scope: .sources, instead: "it blocks a thread; hop with async or use a Mutex"),
        BannedWord(word: "DispatchSemaphore", scope: .sources, instead: "it blocks a thread; await a continuation"),
        BannedWord(word: "DispatchGroup", scope: .sources, instead: "it blocks a thread; await a continuation"),
        BannedWord(word: "print(", scope: .libraries, instead: "log with the logger that was passed in"),
        BannedWord(word: "try!", scope: .sources, instead: "handle the error, or trap with a sentence"),
        BannedWord(word: "fatalError()", scope: .sources, instead: "say in a sentence what was impossible"),
        BannedWord(word: "preconditionFailure()", scope: .sources, instead: "say in a sentence what was impossible"),
        BannedWord(
            word: "getenv(", scope: .libraries, instead: "ChatServer/Configuration reads it once; pass the value"),
    ]

    private static let madeBy = "say what the code does and why, not how it came to be"
    private static let machine = "no path of one machine belongs in the tree"

    static let text: [BannedWord] = [
        BannedWord(word: "FIXME", scope: .everywhere, instead: "fix it before it lands"),
        BannedWord(word: "TODO", scope: .everywhere, instead: "do it, or say in a sentence what is missing"),
        BannedWord(word: "XXX", scope: .everywhere, instead: "fix it before it lands"),
        BannedWord(word: "/work/", scope: .everywhere, instead: machine),
        BannedWord(word: "/root/", scope: .everywhere, instead: machine),
        BannedWord(word: "/home/", scope: .everywhere, instead: machine),
        BannedWord(word: "DESIGN.md", scope: .everywhere, instead: "name a document of this repository"),
        BannedWord(word: "DESIGN section", scope: .everywhere, instead: "name a document of this repository"),
        BannedWord(word: "the brief", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "as instructed", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "previous session", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "earlier session", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "later session", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "in session ", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "subagent", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "the agent", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "this issue", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "later issue", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "next issue", scope: .everywhere, instead: madeBy, ignoresCase: true),
        BannedWord(word: "proxy.golang.org", scope: .everywhere, instead: "name the package, not its registry"),
        BannedWord(word: "pypi.org", scope: .everywhere, instead: "name the package, not its registry"),
        BannedWord(word: "deb.debian.org", scope: .everywhere, instead: "name the package, not its registry"),
    ]
}
