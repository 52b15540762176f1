// The architecture as data: what each target may import, whoever wrote it. ImportRule holds the tree to it.
// A new edge is added here, in the same change, by someone who can say why it points down.

/// What one target may import.
struct ImportRow: Sendable {
    /// The folder under Sources/ or Tests/, which is the target's name.
    var target: String
    /// Targets of this package.
    var project: Set<String> = []
    /// Everything else: the C libraries' modules, the system's and the packages' modules.
    var external: Set<String> = []
}

enum ImportTable {
    /// The targets under Sources/, bottom up.
    static let sources: [ImportRow] = [
        ImportRow(
            target: "IOLoop", project: ["CLinux", "COpenSSL"],
            external: ["DequeModule", "Dispatch", "Glibc", "Synchronization"]),
        ImportRow(target: "Wire"),
        ImportRow(target: "JSON", project: ["CSimdJSON"], external: ["Glibc"]),
        ImportRow(target: "LangChainFormat", project: ["JSON"]),
        ImportRow(
            target: "ProtoMessages", project: ["CChatProto", "CProtobufC"], external: ["Glibc", "Synchronization"]),
        ImportRow(
            target: "RPC", project: ["IOLoop", "ProtoMessages", "Wire"],
            external: ["DequeModule", "Glibc", "Logging", "Metrics", "Synchronization"]),
        ImportRow(target: "ChatStubs", project: ["ProtoMessages", "RPC", "Wire"]),
        // Nothing that does I/O: not even Glibc.
        ImportRow(target: "ChatEngine", external: ["DequeModule", "Logging", "Synchronization"]),
        ImportRow(
            target: "SQLiteStore", project: ["ChatEngine", "JSON"],
            external: ["DequeModule", "GRDB", "GRDBSQLite", "Glibc", "Synchronization"]),
        ImportRow(
            target: "RedisStore", project: ["CHiredis", "ChatEngine", "IOLoop", "JSON", "LangChainFormat"],
            external: ["DequeModule", "Synchronization"]),
        ImportRow(target: "HTTPClient", project: ["CCurl", "IOLoop"], external: ["Glibc", "Synchronization"]),
        ImportRow(
            target: "LLMProviders", project: ["ChatEngine", "HTTPClient", "IOLoop", "JSON"],
            external: ["Glibc", "Synchronization"]),
        ImportRow(
            target: "ChatTools", project: ["ChatEngine", "HTTPClient", "IOLoop", "JSON"],
            external: ["Glibc", "Synchronization"]),
        ImportRow(
            target: "ChatServer",
            project: [
                "ChatEngine", "ChatStubs", "ChatTools", "HTTPClient", "IOLoop", "JSON", "LLMProviders", "ProtoMessages",
                "RPC", "RedisStore", "SQLiteStore", "Wire",
            ],
            external: [
                "Configuration", "Glibc", "Logging", "Metrics", "ServiceLifecycle", "Synchronization", "UnixSignals",
            ]),
        ImportRow(
            target: "ChatClient", project: ["ChatStubs", "IOLoop", "ProtoMessages", "RPC", "Wire"],
            external: ["Glibc", "Synchronization"]),
        ImportRow(target: "FakeModel", project: ["IOLoop", "JSON"], external: ["Glibc", "Synchronization"]),
        ImportRow(target: "chatd", project: ["ChatServer"], external: ["Glibc"]),
        ImportRow(
            // JSON: it reads and writes conversations in LangChain's format.
            target: "chatctl", project: ["ChatClient", "JSON", "LangChainFormat"],
            external: ["ArgumentParser", "Glibc", "Synchronization"]),
        ImportRow(
            target: "chatbench",
            // JSON to read what the peers' loads print.
            project: ["ChatClient", "ChatStubs", "FakeModel", "IOLoop", "JSON", "ProtoMessages", "RPC"],
            external: ["ArgumentParser", "Glibc", "Synchronization"]),
    ]

    /// The package's targets that are written in C; each is imported by one Swift target under Sources/.
    static let cModules: Set<String> = [
        "CProtobufC", "CCurl", "CHiredis", "CLinux", "COpenSSL", "CSimdJSON", "CChatProto",
    ]

    /// What every target under Tests/ may import beside this package's own targets.
    static let testExternal: Set<String> = [
        "DequeModule", "Glibc", "Logging", "Metrics", "Synchronization", "Testing",
    ]

    /// Imports that a folder or a file may have beyond its target's row, each with the reason.
    static let exceptions: [(path: String, modules: Set<String>, because: String)] = [
        (
            "Sources/ChatServer/Configuration/", ["Foundation", "FoundationEssentials"],
            "the YAML file is read once, before the first loop starts"
        ),
        ("Tests/LayoutTests/", ["Foundation"], "it walks the repository"),
        ("Tests/ChatServerTests/", ["MetricsTestKit"], "it reads back what the server counted"),
        ("Tests/IOLoopTests/", ["Dispatch"], "it tests the one target that imports Dispatch"),
        ("Tests/SQLiteStoreTests/", ["GRDB"], "it looks into the files that the store makes"),
        ("Tests/Fuzz/", ["FuzzBodies", "PackageDescription"], "it is a package of its own beside the replay"),
    ]
}
