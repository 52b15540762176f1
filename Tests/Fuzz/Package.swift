// swift-tools-version: 6.2
// The fuzzers: libFuzzer on what reads bytes that others chose. `Tests/Fuzz/run` builds and starts them; nobody else
// needs this package.
//
// `Sources` is a symbolic link to the main package's folder. What the fuzzers look at has `package` and internal
// access, so it is compiled here, as targets of one package, with the sanitizer and with testing enabled. Nothing is
// copied, and the main package needs neither products nor flags for it. Only what the fuzzers reach is listed.
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// Plants two bugs in the fuzz bodies, which `verify` shows to be found.
let plantsBugs = Context.environment["CHAT_FUZZ_PLANT"] == "1"

/// A Swift library of the main package.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: swiftSettings)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")

let package = Package(
    name: "chat-service-fuzz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CProtobufC", path: "Sources/CProtobufC"),
        .systemLibrary(name: "CCurl", path: "Sources/CCurl"),
        .systemLibrary(name: "COpenSSL", path: "Sources/COpenSSL"),
        .target(name: "CLinux", path: "Sources/CLinux"),
        .target(
            name: "CSimdJSON", path: "Sources/CSimdJSON",
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("m")]),
        .target(
            name: "CChatProto", dependencies: ["CProtobufC"], path: "Sources/CChatProto",
            linkerSettings: [.linkedLibrary("protobuf-c")]),
        library("IOLoop", ["CLinux", "COpenSSL", deque]),
        library("Wire"),
        library("JSON", ["CSimdJSON"]),
        library("ProtoMessages", ["CChatProto"]),
        library("RPC", ["IOLoop", "Wire", "ProtoMessages", deque, logging, metrics]),
        library("ChatEngine", [deque, logging]),
        library("HTTPClient", ["IOLoop", "CCurl"]),
        library("LLMProviders", ["ChatEngine", "HTTPClient", "IOLoop", "JSON"]),
        library("ChatTools", ["ChatEngine", "HTTPClient", "JSON"]),
        // Links to the files that configure the server; its services and their dependencies stay out.
        .target(
            name: "ChatServer", dependencies: ["ChatEngine", "IOLoop", "LLMProviders", "RPC", configuration, logging],
            path: "ChatServer", swiftSettings: swiftSettings),

        .target(
            name: "FuzzBodies",
            dependencies: [
                "ChatEngine", "ChatServer", "ChatTools", "HTTPClient", "IOLoop", "JSON", "LLMProviders",
                "ProtoMessages", "RPC", "Wire",
            ],
            path: "Bodies", swiftSettings: swiftSettings + (plantsBugs ? [.define("PLANTED_BUG")] : [])),
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzBodies"], path: "Program", swiftSettings: swiftSettings),
    ]
)
