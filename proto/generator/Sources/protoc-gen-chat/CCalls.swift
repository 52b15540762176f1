// The typed calls of one service of the C client.

struct CCalls {
    let service: ServiceSchema

    /// Calls that a model answers: they have the time limit of answers, and may be repeated with a turn id, which
    /// typed.c looks for.
    private static let answering: Set<String> = ["Chat", "StreamChat"]
    /// Calls that last as long as they are read.
    private static let lasting: Set<String> = ["Hold", "Backup", "Watch"]

    func write(header: inout CWriter, source: inout CWriter) {
        header.line()
        header.line("/* ---- \(service.fullName) ---- */")
        header.line()
        for method in service.methods { write(method, &header, &source) }
    }

    /// `chat_v1_chat_service_stream_chat`.
    static func prefix(_ service: ServiceSchema, _ method: MethodSchema) -> String {
        let (package, name) = CNames.split(service.fullName)
        return (CClientBackend.prefixes[package] ?? "") + Names.snake(name) + "_" + Names.snake(method.name)
    }

    /// A method that says nothing of it is not tried again by the library.
    private static func isRepeatable(_ method: MethodSchema) -> Bool {
        method.isSafeToRepeat || answering.contains(method.name)
    }

    /// The flags of typed.h as a number.
    static func flagBits(_ method: MethodSchema) -> Int {
        (isRepeatable(method) ? 1 : 0) | (answering.contains(method.name) ? 2 : 0)
            | (lasting.contains(method.name) ? 4 : 0)
    }

    private func write(_ method: MethodSchema, _ header: inout CWriter, _ source: inout CWriter) {
        let prefix = Self.prefix(service, method)
        header.comment(method.comment)
        var arguments = [
            "chat_client *client", "const \(CNames.type(method.input)) *request", "const chat_call_options *options",
        ]
        let flags = [
            Self.isRepeatable(method) ? "CALL_REPEATABLE" : nil,
            Self.answering.contains(method.name) ? "CALL_ANSWERING" : nil,
            Self.lasting.contains(method.name) ? "CALL_LASTING" : nil,
        ].compactMap { $0 }.joined(separator: " | ")
        let given = [
            "client", "\"\(service.fullName)\"", "\"\(method.name)\"", flags.isEmpty ? "0" : flags, "request",
            "options",
        ]
        let call: (name: String, arguments: [String])
        if method.isServerStreaming {
            header.comment("Read the stream with \(CNames.type(method.output))_next.")
            arguments.append("chat_stream **stream")
            call = ("typed_open", given + ["stream", "error"])
        } else {
            arguments.append("\(CNames.type(method.output)) **reply")
            let type = "&\(Names.cPrefix(method.output))__descriptor"
            call = ("typed_call", given + [type, "(void **)reply", "error"])
        }
        arguments.append("chat_error *error")
        header.declaration("int32_t \(prefix)", arguments)
        source.call("int32_t \(prefix)", arguments, end: " {")
        source.call("return \(call.name)", call.arguments, end: ";", indent: "    ")
        source.line("}")
        source.line()
    }
}
