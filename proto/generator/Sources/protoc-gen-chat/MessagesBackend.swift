// Writes Sources/ProtoMessages/Generated/*.swift: the messages as Swift values. Their way to and from C is written by
// ConversionsBackend.

struct MessagesBackend: Backend {
    static let name = "messages"

    func files(for schema: Schema) throws(SchemaProblem) -> [GeneratedFile] {
        let types = FieldTypes(schema: schema)
        var result: [GeneratedFile] = []
        for file in schema.files {
            var code = CodeWriter(source: file.path, about: "The messages as Swift values, for servers and clients.")
            for value in file.enums { write(value, to: &code) }
            for message in file.messages { write(message, types, to: &code) }
            result.append(GeneratedFile(name: Names.file(file.path) + ".swift", content: code.text))
        }
        return result + ConversionsBackend().files(for: schema)
    }

    private func write(_ value: EnumSchema, to code: inout CodeWriter) {
        code.comment(value.comment, or: "`\(value.fullName)`.")
        code.block("public enum \(value.name): Sendable, Hashable") { code in
            for item in value.values {
                code.comment(item.comment, or: "`\(item.name)`.")
                code.line("case \(Names.enumCase(item, of: value))")
            }
            code.line("/// A value that this version does not know.")
            code.line("case unrecognized(Int32)")
            code.line()
            code.line("/// From the wire's number.")
            code.block("public init(number: Int32)") { code in
                code.block("switch number") { code in
                    for item in value.values {
                        code.line("case \(item.number): self = .\(Names.enumCase(item, of: value))")
                    }
                    code.line("default: self = .unrecognized(number)")
                }
            }
            code.line()
            code.line("/// The wire's number.")
            code.block("public var number: Int32") { code in
                code.block("switch self") { code in
                    for item in value.values {
                        code.line("case .\(Names.enumCase(item, of: value)): \(item.number)")
                    }
                    code.line("case .unrecognized(let number): number")
                }
            }
            code.line()
            code.line("/// Every value that this version knows.")
            let all = value.values.map { "." + Names.enumCase($0, of: value) }.joined(separator: ", ")
            code.line("public static let known: [Self] = [\(all)]")
        }
        code.line()
    }

    private func write(_ message: MessageSchema, _ types: FieldTypes, to code: inout CodeWriter) {
        let properties = types.properties(of: message)
        code.comment(message.comment, or: "`\(message.fullName)`.")
        code.block("public struct \(Names.swift(message: message.fullName)): Sendable, Equatable") { code in
            for value in message.enums { write(value, to: &code) }
            for (index, oneof) in message.oneofs.enumerated() where message.members(ofOneof: index).count > 1 {
                code.comment(oneof.comment, or: "`\(oneof.name)`.")
                code.block("public enum \(Names.upperCamel(oneof.name)): Sendable, Equatable") { code in
                    for field in message.members(ofOneof: index) {
                        code.comment(field.comment, or: "`\(field.name)`.")
                        // A message may be large, and the smallest member, a piece of text, is the frequent one.
                        let isIndirect = if case .message = field.type { true } else { false }
                        let keyword = isIndirect ? "indirect case" : "case"
                        code.line("\(keyword) \(Names.property(field.name))(\(types.element(field.type)))")
                    }
                }
                code.line()
            }
            for property in properties {
                code.comment(property.comment, or: "`\(property.protoName)`.")
                code.line("public var \(property.name): \(property.type) = \(property.initial)")
            }
            if !properties.isEmpty { code.line() }
            code.line("/// Every field at its default.")
            code.line("public init() {}")
            guard !properties.isEmpty else { return }
            code.line()
            code.line("/// Fields that are left out keep their default.")
            code.line("public init(")
            for (index, property) in properties.enumerated() {
                let comma = index == properties.count - 1 ? "" : ","
                code.line("    \(property.name): \(property.type) = \(property.initial)\(comma)")
            }
            code.block(")") { code in
                for property in properties { code.line("self.\(property.name) = \(property.name)") }
            }
        }
        code.line()
    }
}
