// What the .proto files say, in the terms that the back ends write in. Made by SchemaReader, only read afterwards.

/// All files of one run.
struct Schema {
    var files: [SchemaFile] = []

    /// Every message by its full proto name.
    var messages: [String: MessageSchema] {
        Dictionary(uniqueKeysWithValues: files.flatMap(\.messages).map { ($0.fullName, $0) })
    }

    /// Every enum, nested ones too, by its full proto name.
    var enums: [String: EnumSchema] {
        let all = files.flatMap { file in file.enums + file.messages.flatMap(\.enums) }
        return Dictionary(uniqueKeysWithValues: all.map { ($0.fullName, $0) })
    }
}

/// One .proto file.
struct SchemaFile {
    /// Its path below `proto/`, such as `chat/v1/chat.proto`.
    var path: String
    var package: String
    var messages: [MessageSchema] = []
    var enums: [EnumSchema] = []
    var services: [ServiceSchema] = []
}

/// One message. Messages are never nested: protoc-c makes no unpack function for nested ones.
struct MessageSchema {
    var fullName: String
    var name: String
    var comment: String
    var fields: [FieldSchema] = []
    var oneofs: [OneofSchema] = []
    var enums: [EnumSchema] = []

    /// The fields of the oneof at `index`, in order of declaration.
    func members(ofOneof index: Int) -> [FieldSchema] { fields.filter { $0.oneof == index } }
}

/// One field.
struct FieldSchema {
    var name: String
    var number: Int32
    var isRepeated: Bool
    var type: FieldType
    /// The index of its oneof in the message.
    var oneof: Int?
    var comment: String
}

/// A field's type; messages and enums with their full proto name.
enum FieldType: Equatable {
    case double, float, int64, uint64, int32, fixed64, fixed32, bool, string, bytes, uint32
    case sfixed32, sfixed64, sint32, sint64
    case message(String)
    case enumeration(String)
}

/// A oneof. With one member it is how this project writes presence.
struct OneofSchema {
    var name: String
    var comment: String
}

/// One enum.
struct EnumSchema {
    var fullName: String
    var name: String
    /// The message that it is nested in.
    var parent: String?
    var comment: String
    var values: [EnumValueSchema] = []
}

/// One value of an enum.
struct EnumValueSchema {
    var name: String
    var number: Int32
    var comment: String
}

/// One service.
struct ServiceSchema {
    var fullName: String
    var name: String
    var comment: String
    var methods: [MethodSchema] = []
}

/// One method: unary or server streaming.
struct MethodSchema {
    var name: String
    /// Full proto names of messages.
    var input: String
    var output: String
    var isServerStreaming: Bool
    /// By its `idempotency_level`: a call may be sent again when its answer is lost. Where a method has none, its
    /// repetition means something else.
    var isSafeToRepeat: Bool
    var comment: String
}

/// What the generator refuses, in words for the author of a .proto file.
struct SchemaProblem: Error {
    var message: String

    init(_ message: String) { self.message = message }
}

/// A file that a back end wrote.
struct GeneratedFile {
    var name: String
    var content: String
}

/// Writes one kind of code from the schema.
protocol Backend: Sendable {
    /// What `--chat_opt=` calls it.
    static var name: String { get }
    func files(for schema: Schema) throws(SchemaProblem) -> [GeneratedFile]
}
