// Writes Tests/ProtoMessagesTests/Generated/*.swift: every message filled at random from a seeded generator, so that
// the tests' round trips cover each field of each message without anyone keeping a list.

struct FactoriesBackend: Backend {
    static let name = "factories"

    func files(for schema: Schema) throws(SchemaProblem) -> [GeneratedFile] {
        let types = FieldTypes(schema: schema)
        var code = CodeWriter(source: "**", about: "Every message filled at random, for round trips.")
        code.line("@testable import ProtoMessages")
        code.line()
        for file in schema.files {
            for message in file.messages {
                code.block("extension \(Names.swift(message: message.fullName)): RandomMessage") { code in
                    code.block("static func random(_ random: inout RandomSource) -> Self") { code in
                        let properties = types.properties(of: message)
                        code.line("\(properties.isEmpty ? "let" : "var") message = Self()")
                        for property in properties { write(property, types, to: &code) }
                        code.line("return message")
                    }
                }
                code.line()
            }
        }
        code.line("/// All messages, for tests that go through them.")
        code.line("let everyMessageType: [any RandomMessage.Type] = [")
        for message in schema.files.flatMap(\.messages) {
            code.line("    \(Names.swift(message: message.fullName)).self,")
        }
        code.line("]")
        return [GeneratedFile(name: "RandomMessages.swift", content: code.text)]
    }

    private func write(_ property: Property, _ types: FieldTypes, to code: inout CodeWriter) {
        switch property.content {
        case .field(let field) where field.isRepeated:
            code.line("message.\(property.name) = random.list { random in \(value(field, types)) }")
        case .field(let field):
            if case .message = field.type {
                code.line("message.\(property.name) = random.optional { random in \(value(field, types)) }")
            } else {
                code.line("message.\(property.name) = \(value(field, types))")
            }
        case .optionalField(let field, _):
            code.line("message.\(property.name) = random.optional { random in \(value(field, types)) }")
        case .oneof(_, let members):
            code.block("switch random.index(\(members.count + 1))") { code in
                for (index, field) in members.enumerated() {
                    code.line(
                        "case \(index): message.\(property.name) = "
                            + ".\(Names.property(field.name))(\(value(field, types)))"
                    )
                }
                code.line("default: message.\(property.name) = nil")
            }
        }
    }

    private func value(_ field: FieldSchema, _ types: FieldTypes) -> String {
        switch field.type {
        case .string: "random.text()"
        case .bytes: "random.bytes()"
        case .bool: "random.bool()"
        case .double: "random.double()"
        case .float: "Float(random.double())"
        case .message: "\(types.element(field.type)).random(&random)"
        case .enumeration:
            "\(types.element(field.type))(number: random.number(of: "
                + "\(types.element(field.type)).known.map { $0.number }))"
        default: "random.integer()"
        }
    }
}
