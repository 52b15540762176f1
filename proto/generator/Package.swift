// swift-tools-version: 6.2
// The protoc plugin that makes this project's Swift code. Users never build it: what it makes is committed.
import PackageDescription

let package = Package(
    name: "protoc-gen-chat",
    targets: [
        .systemLibrary(name: "CProtobufC"),
        .target(
            name: "CPluginProto", dependencies: ["CProtobufC"],
            linkerSettings: [.linkedLibrary("protobuf-c")]),
        .executableTarget(
            name: "protoc-gen-chat", dependencies: ["CPluginProto"],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
    ]
)
