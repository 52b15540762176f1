// Writes Sources/ProtoMessages/Generated/*+C.swift: from the C structs of protoc-c to the Swift values and back.
// Strings are bytes in those structs (see proto/generate), so that text may hold U+0000 and is checked to be UTF-8.

struct ConversionsBackend {
    func files(for schema: Schema) -> [GeneratedFile] {
        let types = FieldTypes(schema: schema)
        return schema.files.filter { !$0.messages.isEmpty }.map { file in
            var code = CodeWriter(
                source: file.path,
                about: "From protobuf-c's structs to the Swift values and back; used by MessageCodec.")
            code.line("internal import CChatProto")
            code.line()
            for message in file.messages { write(message, types, to: &code) }
            return GeneratedFile(name: Names.file(file.path) + "+C.swift", content: code.text)
        }
    }

    private func write(_ message: MessageSchema, _ types: FieldTypes, to code: inout CodeWriter) {
        let properties = types.properties(of: message)
        let prefix = Names.cPrefix(message.fullName)
        code.block("extension \(Names.swift(message: message.fullName)): ProtoMessage, CMessageConvertible") { code in
            code.line("package static var fullName: String { \"\(message.fullName)\" }")
            code.line()
            code.block("package init(unpacking bytes: Span<UInt8>) throws(ProtoError)") { code in
                code.line("self = try MessageCodec.unpack(bytes)")
            }
            code.line()
            code.line("package func packed() -> [UInt8] { MessageCodec.pack(self) }")
            code.line()
            code.line("static func unpackC(")
            code.line(
                "    _ allocator: UnsafeMutablePointer<ProtobufCAllocator>, _ count: Int, _ bytes: UnsafePointer<UInt8>"
            )
            code.block(") -> UnsafeMutablePointer<\(Names.cType(message.fullName))>?") { code in
                code.line("\(prefix)__unpack(allocator, count, bytes)")
            }
            code.line()
            code.block("init(_ c: UnsafePointer<\(Names.cType(message.fullName))>) throws(ProtoError)") { code in
                for property in properties { read(property, of: message, types, to: &code) }
            }
            code.line()
            code.block("func fill(_ c: UnsafeMutablePointer<\(Names.cType(message.fullName))>, _ arena: Arena)") {
                code in
                code.line("\(prefix)__init(c)")
                for property in properties { fill(property, types, to: &code) }
            }
        }
        code.line()
    }

    private func read(
        _ property: Property, of message: MessageSchema, _ types: FieldTypes, to code: inout CodeWriter
    ) {
        switch property.content {
        case .field(let field):
            code.line("\(property.name) = \(reading(field, of: message, types))")
        case .optionalField(let field, let oneof):
            code.block("if c.pointee.\(oneof.name)_case.rawValue == \(field.number)") { code in
                code.line("\(property.name) = \(reading(field, of: message, types))")
            }
        case .oneof(let oneof, let members):
            code.block("switch c.pointee.\(oneof.name)_case.rawValue") { code in
                for field in members {
                    let label = Names.property(field.name)
                    let value = reading(field, of: message, types)
                    var assigned = ".\(label)(\(value))"
                    if case .message = field.type { assigned = "\(value).map { .\(label)($0) }" }
                    code.line("case \(field.number): \(property.name) = \(assigned)")
                }
                code.line("default: \(property.name) = nil")
            }
        }
    }

    /// The expression that reads one field of `c`.
    private func reading(_ field: FieldSchema, of message: MessageSchema, _ types: FieldTypes) -> String {
        let place = "c.pointee.\(field.name)"
        let fullName = "\"\(message.fullName).\(field.name)\""
        if field.isRepeated {
            let list = "c.pointee.n_\(field.name), \(place)"
            switch field.type {
            case .string: return "try CReader.texts(\(list), \(fullName))"
            case .bytes: return "CReader.byteLists(\(list))"
            case .message: return "try CReader.messages(\(list), as: \(types.element(field.type)).self)"
            case .enumeration:
                let element = types.element(field.type)
                return "CReader.list(\(list)) { \(element)(number: Int32(bitPattern: $0.rawValue)) }"
            case .bool: return "CReader.list(\(list)) { $0 != 0 }"
            default: return "CReader.list(\(list)) { $0 }"
            }
        }
        switch field.type {
        case .string: return "try CReader.text(\(place), \(fullName))"
        case .bytes: return "CReader.bytes(\(place))"
        case .message: return "try CReader.message(\(place), as: \(types.element(field.type)).self)"
        case .enumeration: return "\(types.element(field.type))(number: Int32(bitPattern: \(place).rawValue))"
        case .bool: return "\(place) != 0"
        default: return place
        }
    }

    private func fill(_ property: Property, _ types: FieldTypes, to code: inout CodeWriter) {
        switch property.content {
        case .field(let field):
            if case .message = field.type, !field.isRepeated {
                code.line("if let \(property.name) { c.pointee.\(field.name) = arena.message(\(property.name)) }")
            } else if field.isRepeated {
                code.line("c.pointee.n_\(field.name) = \(property.name).count")
                code.line("c.pointee.\(field.name) = \(filling(field, property.name))")
            } else {
                code.line("c.pointee.\(field.name) = \(filling(field, property.name))")
            }
        case .optionalField(let field, let oneof):
            code.block("if let \(property.name)") { code in
                code.line("c.pointee.\(oneof.name)_case.rawValue = \(field.number)")
                code.line("c.pointee.\(field.name) = \(filling(field, property.name))")
            }
        case .oneof(let oneof, let members):
            code.block("switch \(property.name)") { code in
                for field in members {
                    code.line("case .\(Names.property(field.name))(let value):")
                    code.line("    c.pointee.\(oneof.name)_case.rawValue = \(field.number)")
                    code.line("    c.pointee.\(field.name) = \(filling(field, "value"))")
                }
                code.line("case nil: break")
            }
        }
    }

    /// The expression that puts `value` into C memory of the arena.
    private func filling(_ field: FieldSchema, _ value: String) -> String {
        if field.isRepeated {
            switch field.type {
            case .string: return "arena.texts(\(value))"
            case .bytes: return "arena.byteLists(\(value))"
            case .message: return "arena.messages(\(value))"
            case .enumeration(let name):
                return "arena.list(\(value)) { \(Names.cType(name))(rawValue: UInt32(bitPattern: $0.number)) }"
            case .bool: return "arena.list(\(value)) { $0 ? 1 : 0 }"
            default: return "arena.list(\(value)) { $0 }"
            }
        }
        switch field.type {
        case .string: return "arena.text(\(value))"
        case .bytes: return "arena.bytes(\(value))"
        case .message: return "arena.message(\(value))"
        case .enumeration(let name): return "\(Names.cType(name))(rawValue: UInt32(bitPattern: \(value).number))"
        case .bool: return "\(value) ? 1 : 0"
        default: return value
        }
    }
}
