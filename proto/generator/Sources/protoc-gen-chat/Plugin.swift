// A protoc plugin: reads a CodeGeneratorRequest from standard input, writes a CodeGeneratorResponse to standard output.
//
//     protoc --plugin=protoc-gen-chat --chat_out=DIR --chat_opt=messages|stubs|factories|c-client|c-tests|python FILES
//     protoc-gen-chat breaking OLD NEW       compares two descriptor sets; exit 1 with one line a breaking change
//
// To add a back end: write a `Backend`, name it in `backends`, and run it from proto/generate.

import CPluginProto
import Glibc

@main
enum Plugin {
    static let backends: [String: any Backend] = [
        MessagesBackend.name: MessagesBackend(),
        StubsBackend.name: StubsBackend(),
        FactoriesBackend.name: FactoriesBackend(),
        CClientBackend.name: CClientBackend(),
        CTestsBackend.name: CTestsBackend(),
        PythonBackend.name: PythonBackend(),
    ]

    /// All bytes of a descriptor; what this project's protos need is some tens of kilobytes.
    static func readAll(_ descriptor: Int32) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return result }
            guard count > 0 else { fail("cannot read") }
            result += buffer[..<count]
        }
    }

    static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let rest = bytes[done...]
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { exit(2) }
            done += count
        }
    }

    static func say(_ message: String) { writeAll(STDERR_FILENO, Array("\(message)\n".utf8)) }

    static func fail(_ message: String) -> Never {
        say("protoc-gen-chat: \(message)")
        exit(2)
    }

    static func schema(_ files: [CFile], named wanted: Set<String>?) throws(SchemaProblem) -> Schema {
        var reader = SchemaReader()
        var result = Schema()
        for file in files {
            let read = try reader.read(file)
            if wanted?.contains(read.path) ?? true { result.files.append(read) }
        }
        result.files.sort { $0.path < $1.path }
        return result
    }

    /// Packs the response with protobuf-c and writes it to standard output.
    static func respond(_ files: [GeneratedFile], error: String?) {
        // The process ends right after, so what strdup and allocate give is not freed.
        var response = Google__Protobuf__Compiler__CodeGeneratorResponse()
        google__protobuf__compiler__code_generator_response__init(&response)
        if let error { response.error = strdup(error) }
        typealias CFilePointer = UnsafeMutablePointer<Google__Protobuf__Compiler__CodeGeneratorResponse__File>
        let list = UnsafeMutablePointer<CFilePointer?>.allocate(capacity: max(files.count, 1))
        for (index, file) in files.enumerated() {
            let item = CFilePointer.allocate(capacity: 1)
            google__protobuf__compiler__code_generator_response__file__init(item)
            item.pointee.name = strdup(file.name)
            item.pointee.content = strdup(file.content)
            list[index] = item
        }
        response.n_file = files.count
        response.file = list
        let size = google__protobuf__compiler__code_generator_response__get_packed_size(&response)
        var bytes = [UInt8](repeating: 0, count: size)
        let count = google__protobuf__compiler__code_generator_response__pack(&response, &bytes)
        writeAll(STDOUT_FILENO, Array(bytes[..<count]))
    }

    static func runPlugin() {
        let bytes = readAll(STDIN_FILENO)
        guard
            let request = google__protobuf__compiler__code_generator_request__unpack(nil, bytes.count, bytes)?.pointee
        else { fail("standard input is no CodeGeneratorRequest; run me as a plugin of protoc") }
        let parameter = SchemaReader.text(request.parameter)
        guard let backend = backends[parameter] else {
            return respond([], error: "say --chat_opt= one of \(backends.keys.sorted().joined(separator: ", "))")
        }
        let wanted = Set((0..<request.n_file_to_generate).map { SchemaReader.text(request.file_to_generate[$0]) })
        do throws(SchemaProblem) {
            let files = SchemaReader.list(request.n_proto_file, request.proto_file)
            respond(try backend.files(for: schema(files, named: wanted)), error: nil)
        } catch {
            respond([], error: error.message)
        }
    }

    static func readDescriptorSet(_ path: String) -> Schema {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { fail("cannot open \(path)") }
        defer { close(file) }
        let bytes = readAll(file)
        guard let set = google__protobuf__file_descriptor_set__unpack(nil, bytes.count, bytes)?.pointee else {
            fail("\(path) is no descriptor set")
        }
        do throws(SchemaProblem) {
            return try schema(SchemaReader.list(set.n_file, set.file), named: nil)
        } catch {
            fail(error.message)
        }
    }

    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 4, arguments[1] == "breaking" {
            let problems = BreakingChanges.between(
                readDescriptorSet(arguments[2]), and: readDescriptorSet(arguments[3]))
            for problem in problems { say("breaking: \(problem)") }
            exit(problems.isEmpty ? 0 : 1)
        }
        guard arguments.count == 1 else { fail("usage: as a plugin of protoc, or protoc-gen-chat breaking OLD NEW") }
        runPlugin()
    }
}
