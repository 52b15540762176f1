// Writes Sources/ChatStubs/Generated/*.swift: for every service the protocol that a server implements, its registration
// in the router, the method descriptors, and the client.

struct StubsBackend: Backend {
    static let name = "stubs"

    func files(for schema: Schema) throws(SchemaProblem) -> [GeneratedFile] {
        schema.files.filter { !$0.services.isEmpty }.map { file in
            var code = CodeWriter(source: file.path, about: "Server protocols and client stubs of its services.")
            code.line("package import ProtoMessages")
            code.line("package import RPC")
            code.line()
            for service in file.services {
                writeMethods(service, to: &code)
                writeServer(service, to: &code)
                writeClient(service, to: &code)
            }
            return GeneratedFile(name: Names.file(file.path) + "Stubs.swift", content: code.text)
        }
    }

    /// `Health` of grpc.health.v1 has no word for what it is; every other service ends in Service.
    private func baseName(_ service: ServiceSchema) -> String {
        service.name.hasSuffix("Service") ? service.name : service.name + "Service"
    }

    private func writeMethods(_ service: ServiceSchema, to code: inout CodeWriter) {
        code.line("/// The methods of `\(service.fullName)`, for routing, logs and metrics.")
        code.block("package enum \(baseName(service))Descriptors") { code in
            for method in service.methods {
                code.line("/// `\(service.fullName)/\(method.name)`.")
                code.line("package static let \(Names.method(method.name)) = MethodDescriptor(")
                code.line(
                    "    service: \"\(service.fullName)\", method: \"\(method.name)\", "
                        + "shape: .\(method.isServerStreaming ? "serverStream" : "unary"))")
            }
            code.line("/// All of them, in the order of the .proto file.")
            let all = service.methods.map { Names.method($0.name) }.joined(separator: ", ")
            code.line("package static let all: [MethodDescriptor] = [\(all)]")
        }
        code.line()
    }

    private func writeServer(_ service: ServiceSchema, to code: inout CodeWriter) {
        let type = baseName(service) + "Methods"
        code.comment(service.comment)
        code.line("///")
        code.line(
            "/// What a server implements for `\(service.fullName)`. A call runs isolated to its own actor on its loop."
        )
        code.block("package protocol \(type): Sendable") { code in
            for method in service.methods {
                code.comment(method.comment)
                let name = Names.method(method.name)
                let input = Names.swift(message: method.input)
                let output = Names.swift(message: method.output)
                if method.isServerStreaming {
                    code.line(
                        "func \(name)(_ request: \(input), events: ResponseStream<\(output)>, context: CallContext) "
                            + "async throws")
                } else {
                    code.line("func \(name)(_ request: \(input), context: CallContext) async throws -> \(output)")
                }
            }
        }
        code.line()
        code.block("extension Router") { code in
            code.line(
                "/// Serves every method of `\(service.fullName)`. Registering a service twice is a programmer error.")
            code.block("package mutating func register(_ service: some \(type))") { code in
                for method in service.methods {
                    let name = Names.method(method.name)
                    let descriptor = "\(baseName(service))Descriptors.\(name)"
                    let types =
                        "\(Names.swift(message: method.input)).self, \(Names.swift(message: method.output)).self"
                    if method.isServerStreaming {
                        code.block("serverStream(\(descriptor), \(types))") { code in
                            code.line("try await service.\(name)($0, events: $1, context: $2)")
                        }
                    } else {
                        code.block("unary(\(descriptor), \(types))") { code in
                            code.line("try await service.\(name)($0, context: $1)")
                        }
                    }
                }
            }
        }
        code.line()
    }

    private func writeClient(_ service: ServiceSchema, to code: inout CodeWriter) {
        code.comment(service.comment)
        code.line("///")
        code.line(
            "/// Calls `\(service.fullName)` through a channel, from any task; cancelling the task cancels the call."
        )
        code.block("package struct \(baseName(service))Client: Sendable") { code in
            code.line("package let channel: any CallChannel")
            code.line()
            code.line("package init(channel: any CallChannel) { self.channel = channel }")
            for method in service.methods {
                let name = Names.method(method.name)
                let input = Names.swift(message: method.input)
                let output = Names.swift(message: method.output)
                let descriptor = "\(baseName(service))Descriptors.\(name)"
                code.line()
                code.comment(method.comment)
                if method.isServerStreaming {
                    code.line("package func \(name)(")
                    code.line("    _ request: \(input), options: CallOptions = CallOptions()")
                    code.block(") async throws(RPCError) -> ResponseReader<\(output)>") { code in
                        code.line("ResponseReader(")
                        code.line(
                            "    try await channel.serverStream(\(descriptor), request.packed(), options: options))")
                    }
                } else {
                    code.line("package func \(name)(")
                    code.line("    _ request: \(input), options: CallOptions = CallOptions()")
                    code.block(") async throws(RPCError) -> \(output)") { code in
                        code.line("try unpackReply(")
                        code.line("    try await channel.unary(\(descriptor), request.packed(), options: options))")
                    }
                }
            }
        }
        code.line()
    }
}
