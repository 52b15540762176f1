// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors for `make lint` and CI only, so that a newer compiler never breaks a user's build.
let warningsAreErrors = Context.environment["CHAT_WARNINGS_AS_ERRORS"] == "1"

let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

/// A Swift library target of this package.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

/// A test target; `Tests/` mirrors `Sources/` one to one.
func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let metricsTestKit: Target.Dependency = .product(name: "MetricsTestKit", package: "swift-metrics")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "chat-service",
    products: [
        .library(name: "ChatClient", targets: ["ChatClient"]),
        .library(name: "ChatEngine", targets: ["ChatEngine"]),
        .executable(name: "chatd", targets: ["chatd"]),
        .executable(name: "chatctl", targets: ["chatctl"]),
        .executable(name: "chatbench", targets: ["chatbench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        // One trait only: with several, SwiftPM 6.3 orders them anew in each run and compiles the package again
        // (swift-package-manager issue 10525).
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C libraries: each is imported by exactly one Swift target.
        .systemLibrary(name: "CProtobufC"),
        .systemLibrary(name: "CCurl"),
        .systemLibrary(name: "CHiredis"),
        .systemLibrary(name: "COpenSSL"),
        .target(name: "CLinux"),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("m")]),
        .target(
            name: "CChatProto", dependencies: ["CProtobufC"], linkerSettings: [.linkedLibrary("protobuf-c")]),

        // The road of a request, bottom up.
        library("IOLoop", ["CLinux", "COpenSSL", deque]),
        library("Wire"),
        library("JSON", ["CSimdJSON"]),
        library("LangChainFormat", ["JSON"]),
        library("ProtoMessages", ["CChatProto"]),
        library("RPC", ["IOLoop", "Wire", "ProtoMessages", deque, logging, metrics]),
        library("ChatStubs", ["RPC", "ProtoMessages"]),
        library("ChatEngine", [deque, logging]),
        library("SQLiteStore", ["ChatEngine", "JSON", deque, grdb, sqlite]),
        library("RedisStore", ["ChatEngine", "IOLoop", "JSON", "LangChainFormat", "CHiredis", deque]),
        library("HTTPClient", ["IOLoop", "CCurl"]),
        library("LLMProviders", ["ChatEngine", "HTTPClient", "IOLoop", "JSON"]),
        library("ChatTools", ["ChatEngine", "HTTPClient", "JSON"]),
        library(
            "ChatServer",
            [
                "IOLoop", "Wire", "JSON", "ProtoMessages", "RPC", "ChatStubs", "ChatEngine", "HTTPClient",
                "LLMProviders", "ChatTools", "RedisStore", "SQLiteStore", logging, metrics, lifecycle, unixSignals,
                configuration,
            ]),
        library("ChatClient", ["ChatStubs", "RPC", "ProtoMessages", "IOLoop", "Wire"]),
        library("FakeModel", ["IOLoop", "JSON"]),

        // Programs.
        .executableTarget(name: "chatd", dependencies: ["ChatServer"], swiftSettings: swiftSettings),
        .executableTarget(
            name: "chatctl", dependencies: ["ChatClient", "JSON", "LangChainFormat", arguments],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "chatbench",
            dependencies: [
                "ChatClient", "ChatStubs", "ProtoMessages", "RPC", "IOLoop", "JSON", "FakeModel", arguments,
            ],
            swiftSettings: swiftSettings),

        // Tests.
        .target(
            name: "EngineConformance", dependencies: ["ChatEngine"], path: "Tests/EngineConformance",
            swiftSettings: swiftSettings),
        tests("IOLoopTests", ["IOLoop", "CLinux", "COpenSSL", "ProgramSupport"]),
        tests("WireTests", ["Wire"]),
        tests("JSONTests", ["JSON"]),
        tests("ProtoMessagesTests", ["ProtoMessages"]),
        .target(
            name: "ConformancePeer", dependencies: ["RPC", "IOLoop", "Wire", "ProtoMessages", logging],
            path: "Tests/ConformancePeer", swiftSettings: swiftSettings),
        tests("RPCTests", ["RPC", "IOLoop", "Wire", "ProtoMessages", "ChatStubs", "ConformancePeer", logging]),
        tests("ConformanceTests", ["ConformancePeer", "RPC", "IOLoop", "Wire", "ProtoMessages", logging]),
        tests("ChatEngineTests", ["ChatEngine", "EngineConformance"]),
        tests("SQLiteStoreTests", ["SQLiteStore", "ChatEngine", "EngineConformance", grdb]),
        // Starts redis-server, for the tests of the store and of whole servers on it.
        .target(
            name: "RedisSupport", dependencies: ["ProgramSupport"], path: "Tests/RedisSupport",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "RedisStoreTests",
            dependencies: [
                "RedisStore", "ChatEngine", "EngineConformance", "IOLoop", "JSON", "LangChainFormat", "ProgramSupport",
                "RedisSupport",
            ], exclude: ["verify"], swiftSettings: swiftSettings),
        tests("HTTPClientTests", ["HTTPClient", "IOLoop", "FakeModel"]),
        tests("LLMProvidersTests", ["LLMProviders", "HTTPClient", "ChatEngine", "IOLoop", "JSON", "FakeModel"]),
        tests("ChatToolsTests", ["ChatTools", "ChatEngine"]),
        tests(
            "ChatServerTests",
            ["ChatServer", "ChatClient", "ChatEngine", "IOLoop", logging, metrics, metricsTestKit]),
        tests(
            "ChatClientTests", ["ChatClient", "ChatStubs", "ProtoMessages", "RPC", "IOLoop", "Wire", logging]),
        // Start the programs themselves, which `swift build --build-tests` leaves beside the tests.
        .target(name: "ProgramSupport", path: "Tests/ProgramSupport", swiftSettings: swiftSettings),
        tests("EndToEndTests", ["ProgramSupport", "RedisSupport"]),
        .testTarget(
            name: "HostileTests",
            dependencies: ["ChatClient", "ConformancePeer", "FakeModel", "IOLoop", "ProgramSupport"],
            exclude: ["Attack", "verify", "soak"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CrashTests",
            dependencies: ["ChatClient", "EngineConformance", "FakeModel", "IOLoop", "RedisSupport"],
            exclude: ["PowerLoss", "verify"], swiftSettings: swiftSettings),
        // The Swift client's driver of the cases that every client library does.
        .executableTarget(
            name: "client-conformance", dependencies: ["ChatClient"], path: "Tests/ClientConformance/Driver",
            swiftSettings: swiftSettings),
        // Locks while servers and callers are paused and killed: histories and their check, the process that calls, the
        // run, and a program for long runs.
        .target(name: "LockHistories", path: "Tests/LockSafety/Histories", swiftSettings: swiftSettings),
        .executableTarget(
            name: "lock-caller",
            dependencies: [
                "ChatClient", "ChatStubs", "EngineConformance", "IOLoop", "LockHistories", "ProtoMessages", "RPC",
                "Wire",
            ],
            path: "Tests/LockSafety/Caller", swiftSettings: swiftSettings),
        .target(
            name: "LockSafety", dependencies: ["EngineConformance", "LockHistories", "ProgramSupport"],
            path: "Tests/LockSafety/Runner", swiftSettings: swiftSettings),
        .executableTarget(
            name: "lock-safety", dependencies: ["LockSafety"], path: "Tests/LockSafety/Program",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "LockSafetyTests",
            dependencies: ["EngineConformance", "LockHistories", "LockSafety", "ProgramSupport"],
            path: "Tests/LockSafety/Tests", swiftSettings: swiftSettings),
        tests("chatctlTests", ["chatctl", "ChatClient", "JSON"]),
        tests("chatbenchTests", ["chatbench", "IOLoop"]),
        // Replays what the fuzzers found, through a link to their bodies; they are a package of their own beside it.
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "ChatEngine", "ChatServer", "ChatTools", "HTTPClient", "IOLoop", "JSON", "LLMProviders",
                "ProtoMessages", "RPC", "Wire",
            ],
            path: "Tests/Fuzz/Replay", swiftSettings: swiftSettings),
        tests("LayoutTests", []),
    ]
)
