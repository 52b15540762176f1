// From protoc's descriptors, unpacked by protobuf-c, to the schema. The only file that reads protoc's C structs.

import CPluginProto

typealias CFile = Google__Protobuf__FileDescriptorProto
typealias CMessage = Google__Protobuf__DescriptorProto
typealias CField = Google__Protobuf__FieldDescriptorProto
typealias CEnum = Google__Protobuf__EnumDescriptorProto
typealias CService = Google__Protobuf__ServiceDescriptorProto

/// Reads files one by one; refuses what protoc-c 1.4.1 or this project's rules cannot carry.
struct SchemaReader {
    private var comments: [[Int32]: String] = [:]
    private var package = ""

    static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }

    /// The elements of a C array of pointers.
    static func list<T>(_ count: Int, _ pointer: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?) -> [T] {
        guard let pointer else { return [] }
        return (0..<count).compactMap { pointer[$0]?.pointee }
    }

    mutating func read(_ file: CFile) throws(SchemaProblem) -> SchemaFile {
        let path = Self.text(file.name)
        package = Self.text(file.package)
        guard Self.text(file.syntax) == "proto3" else { throw SchemaProblem("\(path): only proto3 is supported") }
        comments = [:]
        if let info = file.source_code_info?.pointee {
            for location in Self.list(info.n_location, info.location) where location.leading_comments != nil {
                let place = (0..<location.n_path).map { location.path[$0] }
                comments[place] = Self.text(location.leading_comments)
            }
        }
        var result = SchemaFile(path: path, package: package)
        for (index, message) in Self.list(file.n_message_type, file.message_type).enumerated() {
            result.messages.append(try read(message, at: [4, Int32(index)]))
        }
        for (index, value) in Self.list(file.n_enum_type, file.enum_type).enumerated() {
            result.enums.append(read(value, parent: nil, at: [5, Int32(index)]))
        }
        for (index, service) in Self.list(file.n_service, file.service).enumerated() {
            result.services.append(try read(service, at: [6, Int32(index)]))
        }
        return result
    }

    private func comment(at place: [Int32]) -> String { comments[place] ?? "" }

    private func read(_ message: CMessage, at place: [Int32]) throws(SchemaProblem) -> MessageSchema {
        let name = Self.text(message.name)
        guard message.n_nested_type == 0 else {
            throw SchemaProblem(
                "\(package).\(name): nested messages and maps are not supported; declare the message at the top level")
        }
        var result = MessageSchema(fullName: "\(package).\(name)", name: name, comment: comment(at: place))
        for (index, oneof) in Self.list(message.n_oneof_decl, message.oneof_decl).enumerated() {
            result.oneofs.append(
                OneofSchema(name: Self.text(oneof.name), comment: comment(at: place + [8, Int32(index)])))
        }
        for (index, field) in Self.list(message.n_field, message.field).enumerated() {
            result.fields.append(try read(field, of: result, at: place + [2, Int32(index)]))
        }
        for (index, value) in Self.list(message.n_enum_type, message.enum_type).enumerated() {
            result.enums.append(read(value, parent: name, at: place + [4, Int32(index)]))
        }
        return result
    }

    private func read(
        _ field: CField, of message: MessageSchema, at place: [Int32]
    ) throws(SchemaProblem) -> FieldSchema {
        let name = Self.text(field.name)
        let fullName = "\(message.fullName).\(name)"
        guard field.proto3_optional == 0 else {
            throw SchemaProblem("\(fullName): protoc-c 1.4.1 refuses `optional`; use a oneof with one member")
        }
        let typeName = String(Self.text(field.type_name).drop { $0 == "." })
        guard typeName != message.fullName else { throw SchemaProblem("\(fullName): recursive messages are refused") }
        return FieldSchema(
            name: name, number: field.number, isRepeated: field.label == 3,
            type: try Self.type(field.type, typeName, of: fullName),
            oneof: field.has_oneof_index != 0 ? Int(field.oneof_index) : nil, comment: comment(at: place))
    }

    /// `number` is google.protobuf.FieldDescriptorProto.Type.
    private static func type(
        _ number: Int32, _ typeName: String, of field: String
    ) throws(SchemaProblem) -> FieldType {
        switch number {
        case 1: return .double
        case 2: return .float
        case 3: return .int64
        case 4: return .uint64
        case 5: return .int32
        case 6: return .fixed64
        case 7: return .fixed32
        case 8: return .bool
        case 9: return .string
        case 11: return .message(typeName)
        case 12: return .bytes
        case 13: return .uint32
        case 14: return .enumeration(typeName)
        case 15: return .sfixed32
        case 16: return .sfixed64
        case 17: return .sint32
        case 18: return .sint64
        default: throw SchemaProblem("\(field): type number \(number) is not supported")
        }
    }

    private func read(_ value: CEnum, parent: String?, at place: [Int32]) -> EnumSchema {
        let name = Self.text(value.name)
        let scope = parent.map { "\(package).\($0)" } ?? package
        var result = EnumSchema(
            fullName: "\(scope).\(name)", name: name, parent: parent.map { "\(package).\($0)" },
            comment: comment(at: place))
        for (index, item) in Self.list(value.n_value, value.value).enumerated() {
            result.values.append(
                EnumValueSchema(
                    name: Self.text(item.name), number: item.number, comment: comment(at: place + [2, Int32(index)])))
        }
        return result
    }

    private func read(_ service: CService, at place: [Int32]) throws(SchemaProblem) -> ServiceSchema {
        let name = Self.text(service.name)
        var result = ServiceSchema(fullName: "\(package).\(name)", name: name, comment: comment(at: place))
        for (index, method) in Self.list(service.n_method, service.method).enumerated() {
            let methodName = Self.text(method.name)
            guard method.client_streaming == 0 else {
                throw SchemaProblem("\(result.fullName).\(methodName): client streaming is not supported")
            }
            result.methods.append(
                MethodSchema(
                    name: methodName, input: String(Self.text(method.input_type).dropFirst()),
                    output: String(Self.text(method.output_type).dropFirst()),
                    isServerStreaming: method.server_streaming != 0,
                    // NO_SIDE_EFFECTS or IDEMPOTENT of google.protobuf.MethodOptions.IdempotencyLevel.
                    isSafeToRepeat: [1, 2].contains(method.options?.pointee.idempotency_level.rawValue ?? 0),
                    comment: comment(at: place + [2, Int32(index)])))
        }
        return result
    }
}
