// Which Swift type a field has, and the properties that a message has: one a field, or one a oneof.

/// A stored property of a generated struct.
struct Property {
    enum Content {
        case field(FieldSchema)
        /// A oneof with one member: presence.
        case optionalField(FieldSchema, oneof: OneofSchema)
        case oneof(OneofSchema, members: [FieldSchema])
    }

    var name: String
    var protoName: String
    var type: String
    var initial: String
    var comment: String
    var content: Content
}

struct FieldTypes {
    private let enums: [String: EnumSchema]

    init(schema: Schema) { enums = schema.enums }

    /// The type of one element of a field.
    func element(_ type: FieldType) -> String {
        switch type {
        case .double: "Double"
        case .float: "Float"
        case .int64, .sfixed64, .sint64: "Int64"
        case .uint64, .fixed64: "UInt64"
        case .int32, .sfixed32, .sint32: "Int32"
        case .uint32, .fixed32: "UInt32"
        case .bool: "Bool"
        case .string: "String"
        case .bytes: "[UInt8]"
        case .message(let name): Names.swift(message: name)
        case .enumeration(let name): enums[name].map(Names.swift) ?? name
        }
    }

    /// The value of a field that was not sent.
    private func initial(_ type: FieldType) -> String {
        switch type {
        case .double, .float, .int64, .uint64, .int32, .fixed64, .fixed32, .uint32, .sfixed32, .sfixed64, .sint32,
            .sint64:
            "0"
        case .bool: "false"
        case .string: "\"\""
        case .bytes: "[]"
        case .message: "nil"
        case .enumeration(let name):
            enums[name].flatMap { type in type.values.first.map { "." + Names.enumCase($0, of: type) } } ?? "nil"
        }
    }

    /// In order of declaration; a oneof stands where its first member does.
    func properties(of message: MessageSchema) -> [Property] {
        var result: [Property] = []
        var seen: Set<Int> = []
        for field in message.fields {
            guard let index = field.oneof else {
                result.append(property(of: field))
                continue
            }
            guard seen.insert(index).inserted else { continue }
            let oneof = message.oneofs[index]
            let members = message.members(ofOneof: index)
            if members.count == 1 {
                result.append(
                    Property(
                        name: Names.property(field.name), protoName: field.name, type: element(field.type) + "?",
                        initial: "nil", comment: oneof.comment.isEmpty ? field.comment : oneof.comment,
                        content: .optionalField(field, oneof: oneof)))
            } else {
                result.append(
                    Property(
                        name: Names.property(oneof.name), protoName: oneof.name,
                        type: Names.upperCamel(oneof.name) + "?", initial: "nil", comment: oneof.comment,
                        content: .oneof(oneof, members: members)))
            }
        }
        return result
    }

    private func property(of field: FieldSchema) -> Property {
        let type = element(field.type)
        var isMessage = false
        if case .message = field.type { isMessage = true }
        return Property(
            name: Names.property(field.name), protoName: field.name,
            type: field.isRepeated ? "[\(type)]" : isMessage ? type + "?" : type,
            initial: field.isRepeated ? "[]" : initial(field.type), comment: field.comment, content: .field(field))
    }
}
