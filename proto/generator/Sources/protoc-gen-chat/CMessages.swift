// The functions of one message of the C client.

struct CMessages {
    let message: MessageSchema
    let roles: CRoles

    private var name: String { CNames.type(message.fullName) }
    private var cType: String { Names.cType(message.fullName) }
    private var cPrefix: String { Names.cPrefix(message.fullName) }
    private var descriptor: String { "&\(cPrefix)__descriptor" }
    private var isMade: Bool { roles.made.contains(message.fullName) }
    private var isRead: Bool { roles.read.contains(message.fullName) }

    func write(header: inout CWriter, source: inout CWriter) {
        header.line()
        header.line("/* ---- \(name) ---- */")
        header.line()
        if roles.requests.contains(message.fullName) { writeMaking(&header, &source) }
        if roles.replies.contains(message.fullName) { writeReading(&header, &source) }
        if roles.requests.contains(message.fullName) || roles.replies.contains(message.fullName) {
            header.comment("Releases it and all that it gave out. NULL is allowed.")
            both(&header, &source, "void \(name)_destroy", ["\(name) *message"], ["typed_destroy(message);"])
        }
        var seen: Set<Int> = []
        for field in message.fields {
            if let index = field.oneof, seen.insert(index).inserted { writeOneof(index, &header, &source) }
            if isMade {
                header.comment(field.comment)
                writeSetter(field, &header, &source)
            }
            if isRead {
                if !isMade { header.comment(field.comment) }
                writeGetter(field, &header, &source)
            }
        }
    }

    private func both(
        _ header: inout CWriter, _ source: inout CWriter, _ head: String, _ arguments: [String], _ body: [String]
    ) {
        header.declaration(head, arguments)
        source.function(head, arguments, body)
    }

    private func writeMaking(_ header: inout CWriter, _ source: inout CWriter) {
        header.comment("An empty one, to be filled by the setters, which copy what they are given.")
        both(
            &header, &source, "int32_t \(name)_create", ["\(name) **message"],
            ["return typed_create(\(descriptor), (void **)message);"])
        header.comment("Its packed bytes, for raw calls; to be released with chat_bytes_free.")
        both(
            &header, &source, "int32_t \(name)_pack",
            ["const \(name) *message", "uint8_t **bytes", "size_t *length"],
            ["return typed_pack(message, bytes, length);"])
    }

    private func writeReading(_ header: inout CWriter, _ source: inout CWriter) {
        header.comment(
            "From packed bytes, such as those of a completion. CHAT_INTERNAL for bytes that are none or take too much "
                + "memory. What it gives out lives as long as it does.")
        both(
            &header, &source, "int32_t \(name)_unpack",
            ["const uint8_t *bytes", "size_t length", "\(name) **message", "chat_error *error"],
            ["return typed_unpack(\(descriptor), bytes, length, (void **)message, error);"])
        guard roles.streamed.contains(message.fullName) else { return }
        header.comment("As chat_stream_next, for a stream of these.")
        both(
            &header, &source, "int32_t \(name)_next",
            ["chat_stream *stream", "int64_t timeout", "\(name) **message", "chat_error *error"],
            ["return typed_next(\(descriptor), stream, timeout, (void **)message, error);"])
    }

    /// Which member of a oneof is set, or whether the only one is.
    private func writeOneof(_ index: Int, _ header: inout CWriter, _ source: inout CWriter) {
        let oneof = message.oneofs[index]
        let members = message.members(ofOneof: index)
        guard isRead else { return }
        if members.count == 1 {
            header.comment("Whether \(members[0].name) was set.")
            both(
                &header, &source, "bool \(name)_has_\(members[0].name)", ["const \(name) *message"],
                ["return ((const \(cType) *)(const void *)message)->\(oneof.name)_case != 0;"])
            return
        }
        header.line(
            "/* What \(name)_\(oneof.name)_case tells; 0 for none, and others for kinds that are newer than this. */")
        header.line("enum {")
        for (place, member) in members.enumerated() {
            let comma = place + 1 < members.count ? "," : ""
            header.line("    \(name.uppercased())_\(member.name.uppercased()) = \(member.number)\(comma)")
        }
        header.line("};")
        both(
            &header, &source, "int32_t \(name)_\(oneof.name)_case", ["const \(name) *message"],
            ["return (int32_t)((const \(cType) *)(const void *)message)->\(oneof.name)_case;"])
    }

    private func writeSetter(_ field: FieldSchema, _ header: inout CWriter, _ source: inout CWriter) {
        let place = "\(descriptor), message, \(field.number)"
        switch field.type {
        case .message(let child):
            let type = CNames.type(child)
            let verb = field.isRepeated ? "add" : "mutable"
            both(
                &header, &source, "int32_t \(name)_\(verb)_\(field.name)", ["\(name) *message", "\(type) **child"],
                ["return typed_\(verb)(\(place), (void **)child);"])
        case .string, .bytes:
            let verb = field.isRepeated ? "add" : "set"
            both(
                &header, &source, "int32_t \(name)_\(verb)_\(field.name)",
                ["\(name) *message", "const void *bytes", "size_t length"],
                ["return typed_\(verb)_bytes(\(place), bytes, length);"])
        default:
            let type = scalar(field.type)
            var body = ["\(cType) *self = (\(cType) *)(void *)message;"]
            if let oneof = field.oneof {
                body.append(
                    "self->\(message.oneofs[oneof].name)_case = (\(cType)__\(oneofCaseType(oneof)))\(field.number);")
            }
            body.append("self->\(field.name) = \(assigned(field.type));")
            both(
                &header, &source, "void \(name)_set_\(field.name)", ["\(name) *message", "\(type) value"], body)
        }
    }

    private func oneofCaseType(_ index: Int) -> String { Names.upperCamel(message.oneofs[index].name) + "Case" }

    private func writeGetter(_ field: FieldSchema, _ header: inout CWriter, _ source: inout CWriter) {
        let own = "const \(cType) *self = (const \(cType) *)(const void *)message;"
        let take = "const \(name) *message"
        // A oneof's members share their memory.
        let isThere = field.oneof.map { "self->\(message.oneofs[$0].name)_case == \(field.number)" }
        if field.isRepeated {
            header.comment("How many there are; each by its index, from 0, with _at.")
            both(
                &header, &source, "size_t \(name)_\(field.name)_count", [take],
                [own, "return self->n_\(field.name);"])
        }
        let index = field.isRepeated ? ["size_t index"] : []
        let suffix = field.isRepeated ? "_at" : ""
        let value = field.isRepeated ? "self->\(field.name)[index]" : "self->\(field.name)"
        let guarding = field.isRepeated ? "index < self->n_\(field.name)" : isThere
        switch field.type {
        case .message(let child):
            let type = CNames.type(child)
            let condition = guarding.map { "\($0) ? " } ?? ""
            let otherwise = guarding == nil ? "" : " : NULL"
            both(
                &header, &source, "const \(type) *\(name)_\(field.name)\(suffix)", [take] + index,
                [own, "return \(condition)(const \(type) *)(const void *)\(value)\(otherwise);"])
        case .string, .bytes:
            let result = field.type == .bytes ? "const uint8_t *" : "const char *"
            var body = [own]
            if let guarding { body.append("if (!(\(guarding))) return (\(result))typed_bytes(NULL, length);") }
            body.append("return (\(result))typed_bytes(&\(value), length);")
            both(
                &header, &source, "\(result)\(name)_\(field.name)\(suffix)", [take] + index + ["size_t *length"], body)
        default:
            let condition = guarding.map { "\($0) ? " } ?? ""
            let otherwise = guarding == nil ? "" : " : 0"
            let type = scalar(field.type)
            let cast = isEnumeration(field.type) ? "(int32_t)" : ""
            both(
                &header, &source, "\(type) \(name)_\(field.name)\(suffix)", [take] + index,
                [own, "return \(condition)\(cast)\(value)\(otherwise);"])
        }
    }

    private func isEnumeration(_ type: FieldType) -> Bool {
        if case .enumeration = type { true } else { false }
    }

    private func assigned(_ type: FieldType) -> String {
        if case .enumeration(let name) = type { "(\(Names.cType(name)))value" } else { "value" }
    }

    private func scalar(_ type: FieldType) -> String {
        switch type {
        case .double: "double"
        case .float: "float"
        case .int64, .sfixed64, .sint64: "int64_t"
        case .uint64, .fixed64: "uint64_t"
        case .int32, .sfixed32, .sint32, .enumeration: "int32_t"
        case .uint32, .fixed32: "uint32_t"
        case .bool: "bool"
        case .string, .bytes, .message: "void"
        }
    }
}
