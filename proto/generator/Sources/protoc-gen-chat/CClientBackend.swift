// Writes the C client's messages and typed calls: a header with opaque handles, and their functions on protoc-c's
// structs, which no user of the library sees.
//
// A message that methods take can be made and filled, one that they return can be read, and one that both do has both.

struct CClientBackend: Backend {
    static let name = "c-client"

    /// Packages that clients speak, and the prefix of their names in C.
    static let prefixes = ["chat.v1": "chat_v1_", "grpc.health.v1": "chat_health_v1_"]

    func files(for schema: Schema) throws(SchemaProblem) -> [GeneratedFile] {
        let files = schema.files.filter { Self.prefixes[$0.package] != nil }
        let roles = CRoles(files: files, schema: schema)
        var header = CWriter(about: "Messages and typed calls. Included by chatclient.h.")
        header.open(guard: "CHATCLIENT_MESSAGES_H")
        var source = CWriter(about: "Messages and typed calls on protoc-c's structs.")
        source.line("#include \"typed.h\"")
        for file in files { source.line("#include \"\(file.path.dropSuffix(".proto")).pb-c.h\"") }
        source.line()
        source.line("/* Handles are protoc-c's structs under another name. */")
        for file in files {
            for value in file.enums + file.messages.flatMap(\.enums) { CEnums.write(value, to: &header) }
        }
        for file in files {
            for message in file.messages where roles.isUsed(message) {
                let name = CNames.type(message.fullName)
                header.comment(message.comment)
                header.line("typedef struct \(name) \(name);")
            }
        }
        for file in files {
            for message in file.messages where roles.isUsed(message) {
                CMessages(message: message, roles: roles).write(header: &header, source: &source)
            }
        }
        for file in files {
            for service in file.services { CCalls(service: service).write(header: &header, source: &source) }
        }
        header.close()
        return [
            GeneratedFile(name: "include/chatclient_messages.h", content: header.text),
            GeneratedFile(name: "src/messages.c", content: source.text),
        ]
    }
}

/// How the C client spells names.
enum CNames {
    /// `chat.v1.ChatRequest` to `chat_v1_chat_request`.
    static func type(_ fullName: String) -> String {
        let (package, name) = split(fullName)
        return (CClientBackend.prefixes[package] ?? "") + Names.snake(name)
    }

    /// `WHEN_BUSY_WAIT` of chat.v1 to `CHAT_V1_WHEN_BUSY_WAIT`.
    static func constant(_ value: EnumValueSchema, of type: EnumSchema) -> String {
        let prefix = CClientBackend.prefixes[split(type.parent ?? type.fullName).package] ?? ""
        return prefix.uppercased() + value.name
    }

    static func split(_ fullName: String) -> (package: String, name: String) {
        let parts = fullName.split(separator: ".")
        return (parts.dropLast().joined(separator: "."), parts.last.map(String.init) ?? "")
    }
}

/// Which messages are made and which are read.
struct CRoles {
    private(set) var made: Set<String> = []
    private(set) var read: Set<String> = []
    /// Those that methods take and return themselves.
    private(set) var requests: Set<String> = []
    private(set) var replies: Set<String> = []
    private(set) var streamed: Set<String> = []

    init(files: [SchemaFile], schema: Schema) {
        let messages = schema.messages
        for method in files.flatMap(\.services).flatMap(\.methods) {
            requests.insert(method.input)
            replies.insert(method.output)
            if method.isServerStreaming { streamed.insert(method.output) }
            Self.reach(method.input, &made, messages)
            Self.reach(method.output, &read, messages)
        }
    }

    func isUsed(_ message: MessageSchema) -> Bool { made.contains(message.fullName) || read.contains(message.fullName) }

    private static func reach(_ name: String, _ set: inout Set<String>, _ messages: [String: MessageSchema]) {
        guard set.insert(name).inserted, let message = messages[name] else { return }
        for field in message.fields { if case .message(let child) = field.type { reach(child, &set, messages) } }
    }
}

/// Constants of an enum.
enum CEnums {
    static func write(_ value: EnumSchema, to header: inout CWriter) {
        header.comment(value.comment)
        header.line("enum {")
        for (index, item) in value.values.enumerated() {
            header.comment(item.comment, indent: "    ")
            let comma = index + 1 < value.values.count ? "," : ""
            header.line("    \(CNames.constant(item, of: value)) = \(item.number)\(comma)")
        }
        header.line("};")
        header.line()
    }
}
