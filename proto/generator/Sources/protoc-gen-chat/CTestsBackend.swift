// Writes Clients/c/tests/generated/message_cases.c. For every message of the C client that can be made, a function that
// fills it through the public setters from a filled struct of protobuf-c; for every one that can be read, a function
// that compares what the public getters say with such a struct. So the tests' round trips cover every field without
// anyone keeping a list.

struct CTestsBackend: Backend {
    static let name = "c-tests"

    func files(for schema: Schema) throws(SchemaProblem) -> [GeneratedFile] {
        let files = schema.files.filter { CClientBackend.prefixes[$0.package] != nil }
        let roles = CRoles(files: files, schema: schema)
        var code = CWriter(about: "Fills and compares every message of the C client; included by messages.c.")
        code.line("#include \"../message_cases.h\"")
        code.line()
        for file in files { code.line("#include \"\(file.path.dropSuffix(".proto")).pb-c.h\"") }
        code.line()
        let messages = files.flatMap(\.messages).filter(roles.isUsed)
        for message in messages {
            if roles.read.contains(message.fullName) { code.call(sameHead(message), sameParameters(message), end: ";") }
            if roles.made.contains(message.fullName) {
                code.call(buildHead(message), buildParameters(message), end: ";")
            }
        }
        for message in messages {
            if roles.read.contains(message.fullName) { writeSame(message, to: &code) }
            if roles.made.contains(message.fullName) { writeBuild(message, to: &code) }
        }
        for message in messages { writeWrappers(message, roles, to: &code) }
        writeTable(messages, roles, to: &code)
        return [GeneratedFile(name: "message_cases.c", content: code.text)]
    }

    private func handle(_ message: MessageSchema) -> String { CNames.type(message.fullName) }
    private func sameHead(_ message: MessageSchema) -> String { "static bool same_\(handle(message))" }
    private func buildHead(_ message: MessageSchema) -> String { "static int32_t build_\(handle(message))" }

    private func sameParameters(_ message: MessageSchema) -> [String] {
        ["const \(Names.cType(message.fullName)) *want", "const \(handle(message)) *have"]
    }

    private func buildParameters(_ message: MessageSchema) -> [String] {
        ["const \(Names.cType(message.fullName)) *from", "\(handle(message)) *message"]
    }

    // MARK: Comparing

    private func writeSame(_ message: MessageSchema, to code: inout CWriter) {
        code.line()
        code.call(sameHead(message), sameParameters(message), end: " {")
        code.line("    size_t length = 0;")
        code.line("    (void)length;")
        if message.fields.isEmpty { code.line("    (void)want;") }
        code.line("    if (have == NULL) return false;")
        for (index, oneof) in message.oneofs.enumerated() where message.members(ofOneof: index).count > 1 {
            code.line(
                "    if ((int32_t)want->\(oneof.name)_case != \(handle(message))_\(oneof.name)_case(have)) "
                    + "return differs(\"\(message.fullName).\(oneof.name)\");"
            )
        }
        for field in message.fields {
            for line in comparison(of: field, in: message) { code.line("    " + line) }
        }
        code.line("    return true;")
        code.line("}")
    }

    private func comparison(of field: FieldSchema, in message: MessageSchema) -> [String] {
        let handle = handle(message)
        let name = "\(message.fullName).\(field.name)"
        if field.isRepeated {
            var lines = [
                "if (want->n_\(field.name) != \(handle)_\(field.name)_count(have)) return differs(\"\(name)\");",
                "for (size_t index = 0; index < want->n_\(field.name); index++) {",
            ]
            switch CFieldKind(field.type) {
            case .child(let child):
                lines.append(
                    "    if (!same_\(CNames.type(child))(want->\(field.name)[index], "
                        + "\(handle)_\(field.name)_at(have, index))) return differs(\"\(name)\");")
            default:
                lines += [
                    "    const void *data = \(handle)_\(field.name)_at(have, index, &length);",
                    "    if (!same_data(&want->\(field.name)[index], data, length)) return differs(\"\(name)\");",
                ]
            }
            // Past the end: no part, and an empty text.
            let past =
                isChild(field)
                ? "\(handle)_\(field.name)_at(have, want->n_\(field.name)) != NULL"
                : "\(handle)_\(field.name)_at(have, want->n_\(field.name), &length)[0] != 0 || length != 0"
            return lines + ["}", "if (\(past)) return differs(\"\(name)\");"]
        }
        let lines: [String]
        switch CFieldKind(field.type) {
        case .text, .bytes:
            lines = [
                "const void *data_\(field.name) = \(handle)_\(field.name)(have, &length);",
                "if (!same_data(&want->\(field.name), data_\(field.name), length)) return differs(\"\(name)\");",
            ]
        case .scalar(let type):
            let wanted = type == "bool" ? "(want->\(field.name) != 0)" : "(\(type))want->\(field.name)"
            let differs =
                type == "double" || type == "float"
                ? "!same_number((double)want->\(field.name), (double)\(handle)_\(field.name)(have))"
                : "\(wanted) != \(handle)_\(field.name)(have)"
            lines = ["if (\(differs)) return differs(\"\(name)\");"]
        case .child(let child):
            lines = [
                "if (want->\(field.name) == NULL) {",
                "    if (\(handle)_\(field.name)(have) != NULL) return differs(\"\(name)\");",
                "} else if (!same_\(CNames.type(child))(want->\(field.name), \(handle)_\(field.name)(have))) {",
                "    return differs(\"\(name)\");",
                "}",
            ]
        }
        guard let index = field.oneof else { return lines }
        let oneof = message.oneofs[index]
        var result = ["if ((int32_t)want->\(oneof.name)_case == \(field.number)) {"] + lines.map { "    " + $0 } + ["}"]
        if message.members(ofOneof: index).count == 1 {
            result.append(
                "if (((int32_t)want->\(oneof.name)_case == \(field.number)) != \(handle)_has_\(field.name)(have)) "
                    + "return differs(\"\(name)\");")
        }
        return result
    }

    private func isChild(_ field: FieldSchema) -> Bool {
        if case .message = field.type { return true }
        return false
    }

    // MARK: Building

    private func writeBuild(_ message: MessageSchema, to code: inout CWriter) {
        code.line()
        code.call(buildHead(message), buildParameters(message), end: " {")
        code.line("    int32_t status = CHAT_OK;")
        if message.fields.isEmpty {
            code.line("    (void)from;")
            code.line("    (void)message;")
        }
        for field in message.fields {
            for line in building(field, in: message) { code.line("    " + line) }
        }
        code.line("    return status;")
        code.line("}")
    }

    private func building(_ field: FieldSchema, in message: MessageSchema) -> [String] {
        let handle = handle(message)
        let give = "if (status != CHAT_OK) return status;"
        if field.isRepeated {
            let head = "for (size_t index = 0; index < from->n_\(field.name); index++) {"
            if case .message(let child) = field.type {
                let type = CNames.type(child)
                return [
                    head, "    \(type) *child = NULL;", "    status = \(handle)_add_\(field.name)(message, &child);",
                    "    " + give, "    status = build_\(type)(from->\(field.name)[index], child);", "    " + give, "}",
                ]
            }
            return [
                head,
                "    status = \(handle)_add_\(field.name)(message, \(data("from->\(field.name)[index]")));",
                "    " + give, "}",
            ]
        }
        let lines: [String]
        switch CFieldKind(field.type) {
        case .text, .bytes:
            lines = ["status = \(handle)_set_\(field.name)(message, \(data("from->\(field.name)")));", give]
        case .scalar(let type):
            let value = type == "bool" ? "from->\(field.name) != 0" : "(\(type))from->\(field.name)"
            lines = ["\(handle)_set_\(field.name)(message, \(value));"]
        case .child(let child):
            let type = CNames.type(child)
            lines = [
                "if (from->\(field.name) != NULL) {", "    \(type) *child = NULL;",
                "    status = \(handle)_mutable_\(field.name)(message, &child);", "    " + give,
                "    status = build_\(type)(from->\(field.name), child);", "    " + give, "}",
            ]
        }
        guard let index = field.oneof else { return lines }
        let head = "if ((int32_t)from->\(message.oneofs[index].name)_case == \(field.number)) {"
        return [head] + lines.map { "    " + $0 } + ["}"]
    }

    private func data(_ place: String) -> String {
        "\(place).data, \(place).len"
    }

    // MARK: The table

    private func writeWrappers(_ message: MessageSchema, _ roles: CRoles, to code: inout CWriter) {
        let handle = handle(message)
        let type = Names.cType(message.fullName)
        if roles.requests.contains(message.fullName) {
            code.line()
            code.line("static int32_t case_create_\(handle)(void **out) {")
            code.line("    \(handle) *message = NULL;")
            code.line("    int32_t status = \(handle)_create(&message);")
            code.line("    *out = message;")
            code.line("    return status;")
            code.line("}")
            code.line("static int32_t case_build_\(handle)(const void *from, void *message) {")
            code.line("    return build_\(handle)((const \(type) *)from, (\(handle) *)message);")
            code.line("}")
            code.line("static int32_t case_pack_\(handle)(const void *message, uint8_t **bytes, size_t *length) {")
            code.line("    return \(handle)_pack((const \(handle) *)message, bytes, length);")
            code.line("}")
            writeDestroy(handle, "created", to: &code)
        }
        if roles.replies.contains(message.fullName) {
            code.line()
            code.line("static int32_t case_unpack_\(handle)(const uint8_t *bytes, size_t length, void **out) {")
            code.line("    \(handle) *message = NULL;")
            code.line("    int32_t status = \(handle)_unpack(bytes, length, &message, NULL);")
            code.line("    *out = message;")
            code.line("    return status;")
            code.line("}")
            code.line("static bool case_same_\(handle)(const void *want, const void *have) {")
            code.line("    return same_\(handle)((const \(type) *)want, (const \(handle) *)have);")
            code.line("}")
            writeDestroy(handle, "unpacked", to: &code)
        }
    }

    private func writeDestroy(_ handle: String, _ how: String, to code: inout CWriter) {
        code.line(
            "static void case_destroy_\(how)_\(handle)(void *message) { \(handle)_destroy((\(handle) *)message); }")
    }

    private func writeTable(_ messages: [MessageSchema], _ roles: CRoles, to code: inout CWriter) {
        let requests = messages.filter { roles.requests.contains($0.fullName) }
        code.line()
        code.line("const struct request_case request_cases[] = {")
        for message in requests {
            let handle = handle(message)
            code.line(
                "    {\"\(message.fullName)\", &\(Names.cPrefix(message.fullName))__descriptor, case_create_\(handle),")
            code.line("        case_build_\(handle), case_pack_\(handle), case_destroy_created_\(handle)},")
        }
        code.line("};")
        code.line("const size_t request_cases_count = \(requests.count);")
        let replies = messages.filter { roles.replies.contains($0.fullName) }
        code.line()
        code.line("const struct reply_case reply_cases[] = {")
        for message in replies {
            let handle = handle(message)
            code.line(
                "    {\"\(message.fullName)\", &\(Names.cPrefix(message.fullName))__descriptor, case_unpack_\(handle),")
            code.line("        case_same_\(handle), case_destroy_unpacked_\(handle)},")
        }
        code.line("};")
        code.line("const size_t reply_cases_count = \(replies.count);")
    }
}

/// How a field is read and written in C.
private enum CFieldKind {
    case text, bytes
    case scalar(type: String)
    case child(String)

    init(_ type: FieldType) {
        switch type {
        case .string: self = .text
        case .bytes: self = .bytes
        case .message(let name): self = .child(name)
        case .bool: self = .scalar(type: "bool")
        case .enumeration, .int32, .sint32, .sfixed32: self = .scalar(type: "int32_t")
        case .uint32, .fixed32: self = .scalar(type: "uint32_t")
        case .int64, .sint64, .sfixed64: self = .scalar(type: "int64_t")
        case .uint64, .fixed64: self = .scalar(type: "uint64_t")
        case .double: self = .scalar(type: "double")
        case .float: self = .scalar(type: "float")
        }
    }
}
